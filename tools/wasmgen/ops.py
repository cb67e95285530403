"""opcodes.def as lists of instructions to choose from."""

import os
import re

from .encode import VALTYPE, opcode

OPCODES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       '..', '..', 'src', 'wasm', 'opcodes.def')
VECTOR_SIG = {'V_UN': 'v>v', 'V_BIN': 'vv>v', 'V_TER': 'vvv>v',
              'V_SHIFT': 'vi>v', 'V_TEST': 'v>i'}


class Op:
    """One row of opcodes.def that computes something."""

    def __init__(self, name, code, sig, kind, aux):
        self.name, self.kind, self.aux = name, kind, aux
        self.code = opcode(code)
        self.params, self.results = sig.split('>')
        self.traps = bool(re.search(r'\.(div|rem)_|\.trunc_f', name))
        self.floats = bool(
            kind == 'NONE' and self.results in tuple('fFv') and
            re.match(r'f\d\d(x\d)?\.(?!(eq|ne|lt|gt|le|ge)$)', name))


def read_table():
    row = re.compile(r'^(\w+)\((.*)\)$', re.M)
    ops = []
    with open(OPCODES) as f:
        text = f.read()
    for family, args in row.findall(text[text.index('/* --- control'):]):
        args = [a.strip().strip('"') for a in args.split(',')]
        kind, aux = 'NONE', 0
        if family.startswith('A_') or 'relaxed' in args[1]:
            continue
        if family == 'OP':
            name, code, kind, sig, aux = args[1], args[2], *args[3:6]
            if kind not in ('NONE', 'MEMARG', 'MEMARG_LANE', 'SHUFFLE'):
                continue
            aux = int(aux)
        else:
            name, code = args[0] + '.' + args[1], args[2]
            sig = VECTOR_SIG.get(family) or next(
                a for a in args[3:] if '>' in a)
            if family in ('LOAD', 'STORE'):
                kind, aux = 'MEMARG', int(args[-1])
            elif family in ('V_GET', 'V_SET'):
                kind, aux = 'LANE', int(args[-1])
        if sig:
            ops.append(Op(name, int(code, 16), sig, kind, aux))
    return ops


OPS = read_table()
COMPUTE = {t: [o for o in OPS if o.results == t and not o.traps
               and o.kind in ('NONE', 'LANE', 'SHUFFLE')] for t in VALTYPE}
TRAPPING = {t: [o for o in OPS if o.results == t and o.traps] for t in VALTYPE}
LOADS = {t: [o for o in OPS if o.results == t and 'a' in o.params]
         for t in VALTYPE}
STORES = [o for o in OPS if not o.results and 'a' in o.params]
CODE = {o.name: o.code for o in OPS}
CODE.update({'v128.const': opcode(0xfd000c)})
