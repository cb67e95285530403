#!/usr/bin/env python3
"""The stack of compiled code where tail calls have been.

A tail call to a function that takes more arguments than its caller does must
not move what the unwinder goes by: neither traces nor exceptions may notice."""

import os
import subprocess
import tempfile

import common

HULL = os.path.join(common.BUILD, 'bin', 'hull')
I32, I64, V128, F64, EMPTY = b'\x7f', b'\x7e', b'\x7b', b'\x7c', b'\x40'


def leb(n):
    out = b''
    while True:
        n, low = n >> 7, n & 0x7f
        out += bytes([low | (0x80 if n else 0)])
        if not n:
            return out


def vector(items):
    return leb(len(items)) + b''.join(items)


def section(number, items):
    content = vector(items)
    return bytes([number]) + leb(len(content)) + content


def text(name):
    return leb(len(name)) + name


def body(code):
    code = b'\x00' + code + b'\x0b'
    return leb(len(code)) + code


def const(n):
    return b'\x42' + leb(n)


def many(ends):
    """Functions, called through a table that a host might change: 0 takes
    all kinds of arguments and ends as `ends` says; 1 makes a tail call of it;
    2 calls 1, and returns 42 if something was thrown, else 1 more than 1."""
    params = [I64] * 12 + [F64] * 10 + [V128, I32]
    args = b''.join(const(i) for i in range(1, 12))
    args += b''.join(b'\x44' + bytes(8) for _ in range(10))
    args += b'\xfd\x0c' + bytes(range(16)) + b'\x41\x07'
    one = b'\x20\x00' + args + b'\x41\x00\x13\x01\x00'
    call = const(7) + b'\x41\x01\x11\x00\x00'
    two = (b'\x02\x40' + b'\x1f\x40\x01\x02\x00' + call +
           b'\x42\x01\x7c\x0f\x0b' + b'\x00\x0b' + const(42))
    types = [b'\x60' + vector([I64]) + vector([I64]),
             b'\x60' + vector(params) + vector([I64]),
             b'\x60' + vector([]) + vector([])]
    return (b'\0asm\1\0\0\0' + section(1, types) +
            section(3, [b'\1', b'\0', b'\0']) +
            section(4, [b'\x70\x00\x04']) +
            section(13, [b'\0\2']) +
            section(7, [text(b'run') + b'\0\2', text(b't') + b'\1\0']) +
            section(9, [b'\x00\x41\x00\x0b' +
                        vector([b'\0', b'\1', b'\2'])]) +
            section(10, [body(ends), body(one), body(two)]))


# The first argument, 7, plus the twelfth, 11, plus the last and lane 1.
SUM = (b'\x20\x00\x20\x0b\x7c\x20\x17\xad\x7c'
       b'\x20\x16\xfd\x1d\x01\x42\x0f\x83\x7c')


def run(folder, name, module, compiled):
    path = os.path.join(folder, name + '.wasm')
    with open(path, 'wb') as f:
        f.write(module)
    env = dict(os.environ, HULL_CACHE_DIR=os.path.join(folder, 'cache'),
               HULL_WASM_COMPILE='require' if compiled else 'never')
    return subprocess.run([HULL, 'wasm', 'run', '--invoke', 'run', path, '1'],
                          env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)


def check(folder, name, module, wanted):
    for compiled in (False, True):
        p = run(folder, name, module, compiled)
        how = 'compiled' if compiled else 'interpreted'
        if not common.ok(wanted(p), f'{how}: {name}'):
            common.comment(f'exit {p.returncode}\n{p.stdout}{p.stderr}')


def main():
    if not common.has_compiler():
        common.skip('llvm', 'compiled', 'built without LLVM')
        common.done()
    with tempfile.TemporaryDirectory(prefix='hull-unwind-') as folder:
        # Lane 1 is 0x0f0e...08, of which 8 is left: 7 + 11 + 7 + 8 + 1.
        check(folder, 'all arguments arrive', many(SUM),
              lambda p: p.stdout == '34\n')
        check(folder, 'an exception is caught above a tail call',
              many(b'\x08\x00'), lambda p: p.stdout == '42\n')
        check(folder, 'a trace goes on above a tail call', many(b'\x00'),
              lambda p: p.returncode != 0 and 'function 0 (' in p.stderr and
              'run (' in p.stderr)
    common.done()


if __name__ == '__main__':
    main()
