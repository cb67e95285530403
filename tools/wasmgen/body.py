"""The code of a function."""

import struct

from .encode import REFTYPE, VALTYPE, signed, unsigned, valtype, vec
from .ops import CODE, COMPUTE, LOADS, STORES, TRAPPING
from .refs import References
from .throws import Exceptions

FUEL = 400
TABLE = 8
# Values near which numeric bugs live.
INTS = [0, 1, 2, 7, 8, 31, 32, 33, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000,
        0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 32,
        (1 << 53) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
FLOATS = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 3.999, 1e10, -1e10,
          2147483647.0, 2147483648.0, -2147483648.0, -2147483649.0, 4294967295.0,
          4294967296.0, 9.2233720368547758e18, -9.2233720368547758e18, 1.8e19,
          8388607.5, 8388609.0, 1e-40, 3.4e38, float('inf'), -float('inf'),
          float('nan')]


class Function:
    def __init__(self, params, results, exported):
        self.params, self.results, self.exported = params, results, exported
        self.body = b''


class Body(References, Exceptions):
    """The code of one function, as a string of bytes that grows."""

    def __init__(self, module, index):
        self.m, self.r, self.index = module, module.r, index
        self.f = module.functions[index]
        self.locals = list(self.f.params)
        self.locals += [self.r.choice(self.m.letters)
                        for _ in range(self.r.randrange(2, 7))]
        # One of each as scratch, which no other code reads.
        letters = self.m.letters + ('x' if self.m.new else '')
        self.scratch = {t: len(self.locals) + i
                        for i, t in enumerate(letters)}
        self.n_free = len(self.locals)
        self.locals += list(letters)
        self.labels = []        # result types of the blocks around
        self.budget = 120       # of instructions
        self.out = bytearray()

    def emit(self, *parts):
        for p in parts:
            self.out += bytes([p]) if isinstance(p, int) else p

    def pick_local(self, t):
        fits = [i for i in range(self.n_free) if self.locals[i] == t]
        return self.r.choice(fits) if fits else None

    # --- expressions: each leaves one value of type t ----------------------

    def const(self, t):
        r = self.r
        number = r.choice(INTS) if r.random() < .6 else r.getrandbits(64)
        real = r.choice(FLOATS) if r.random() < .7 else r.uniform(-1e5, 1e5)
        if t == 'i':
            self.emit(0x41, signed(number, 32))
        elif t == 'I':
            self.emit(0x42, signed(number, 64))
        elif t == 'f':
            self.emit(0x43, struct.pack('<f', real))
        elif t == 'F':
            self.emit(0x44, struct.pack('<d', real))
        else:
            self.emit(CODE['v128.const'], r.choice([
                r.randbytes(16), struct.pack('<4f', *r.choices(
                    [x for x in FLOATS if x == x], k=4)),
                struct.pack('<2d', *r.choices(
                    [x for x in FLOATS if x == x], k=2)),
                struct.pack('<2Q', *r.choices(INTS, k=2))]))

    def leaf(self, t):
        local = self.pick_local(t)
        if local is not None and self.r.random() < .7:
            self.emit(0x20, unsigned(local))
        elif self.r.random() < .2:
            self.emit(0x23, unsigned(self.m.globals.index(t)))
        elif t in REFTYPE:
            self.emit(0xd0, 0x71)           # ref.null none
        else:
            self.const(t)

    def canonical(self, op):
        """Make a NaN on the stack, or the NaNs in its lanes, canonical."""
        t = op.results
        shape = {'f': 'f32', 'F': 'f64'}.get(t) or op.name.split('.')[0]
        s = unsigned(self.scratch[t])
        self.emit(0x21, s, 0x20, s)
        if t == 'f':
            self.emit(0x43, struct.pack('<I', 0x7fc00000))
        elif t == 'F':
            self.emit(0x44, struct.pack('<Q', 0x7ff8 << 48))
        else:
            self.emit(CODE['v128.const'],
                      struct.pack('<I', 0x7fc00000) * 4 if shape == 'f32x4'
                      else struct.pack('<Q', 0x7ff8 << 48) * 2)
        self.emit(0x20, s, 0x20, s, CODE[shape + '.eq'],
                  CODE['v128.bitselect'] if t == 'v' else 0x1b)

    def immediate(self, op):
        r = self.r
        if op.kind == 'LANE':
            self.emit(r.randrange(op.aux))
        elif op.kind == 'SHUFFLE':
            self.emit(bytes(r.randrange(32) for _ in range(16)))
        elif op.kind.startswith('MEMARG'):
            offset = r.choice([0, 1, 4, 100, 65527])
            if r.random() < .003:
                offset = 0xffffffff
            self.emit(unsigned(r.randint(0, op.aux)), unsigned(offset))
            if op.kind == 'MEMARG_LANE':
                self.emit(r.randrange(16 >> op.aux))

    def address(self, depth):
        """In bounds, but for an offset, nearly always."""
        mask = signed(self.r.choice([0xff, 0xfff8, 0x7fff]), 32)
        self.expr(self.m.index, depth)
        if self.r.random() < .995:
            if self.m.index == 'i':
                self.emit(0x41, mask, CODE['i32.and'])
            else:
                self.emit(0x42, mask, CODE['i64.and'])

    def operation(self, op, depth):
        for i, p in enumerate(op.params):
            if p == 'a':
                self.address(depth - 1)
            else:
                self.expr(p, depth - 1)
            # A divisor is rarely 0.
            if op.traps and i == 1 and self.r.random() < .9:
                one = (0x41, b'\1', CODE['i32.or']) if p == 'i' else \
                      (0x42, b'\1', CODE['i64.or'])
                self.emit(*one)
        self.emit(op.code)
        self.immediate(op)
        if op.floats:
            self.canonical(op)

    def call(self, callee, depth, tail=False):
        f = self.m.functions[callee]
        for p in f.params:
            self.expr(p, depth - 1)
        if self.r.random() < .3:
            slot = self.m.slot_of(callee)
            if self.r.random() < .03:
                slot = self.r.randrange(TABLE + 1)   # of any type, or none
            if slot is not None:
                self.emit(0x41, signed(slot, 32))
                self.emit(0x13 if tail else 0x11,
                          unsigned(self.m.type_of(f.params, f.results)), 0)
                return
        self.emit(0x12 if tail else 0x10, unsigned(callee))

    def callable(self, t):
        return [i for i, f in enumerate(self.m.functions)
                if i > self.index and not f.exported and f.results[:1] == t]

    def expr(self, t, depth):
        r = self.r
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return self.leaf(t)
        what = r.random()
        if self.m.new and r.random() < (.6 if t in REFTYPE else .15) and \
                self.new_expr(t, depth):
            return
        if what < .12:
            self.leaf(t)
        elif what < .24 and t in LOADS:
            self.operation(r.choice(LOADS[t]), depth)
        elif what < .27 and TRAPPING.get(t):
            self.operation(r.choice(TRAPPING[t]), depth)
        elif what < .31:
            self.expr(t, depth - 1)
            self.expr(t, depth - 1)
            self.expr('i', depth - 1)
            self.emit(*((0x1c, 1, valtype(t))
                        if t not in 'iIfF' or r.random() < .3 else (0x1b,)))
        elif what < .36:
            self.block_expr(t, depth)
        elif what < .40:
            self.expr('i', depth - 1)
            self.emit(0x04, valtype(t))
            self.labels.append(t)
            self.expr(t, depth - 1)
            self.emit(0x05)
            self.expr(t, depth - 1)
            self.labels.pop()
            self.emit(0x0b)
        elif what < .44 and self.callable(t):
            callee = r.choice(self.callable(t))
            self.call(callee, depth)
            for _ in self.m.functions[callee].results[1:]:
                self.emit(0x1a)
        elif what < .46 and t == self.m.index:
            self.emit(0x3f, 0)
        elif what < .47 and t == self.m.index:
            self.emit(0x41 if t == 'i' else 0x42, r.randrange(2), 0x40, 0)
        elif what < .50 and self.pick_local(t) is not None:
            self.expr(t, depth - 1)
            self.emit(0x22, unsigned(self.pick_local(t)))
        elif t in COMPUTE:
            self.operation(r.choice(COMPUTE[t]), depth)
        else:
            self.leaf(t)

    def block_expr(self, t, depth):
        """A block that may be left early, with its value."""
        letters = self.m.letters.replace('v', '')
        takes = ''.join(self.r.choices(letters, k=self.r.randrange(3)))
        for p in takes:
            self.expr(p, depth - 1)
        self.emit(0x02, signed(self.m.type_of(takes, t), 33))
        self.labels.append(t)
        for p in reversed(takes):
            self.store_value(p)
        self.statement(depth - 1)
        self.expr(t, depth - 1)
        if self.r.random() < .5:
            self.expr('i', depth - 1)
            self.emit(0x0d, 0)
        self.labels.pop()
        self.emit(0x0b)

    def store_value(self, t):
        """Use up a value on the stack."""
        local = self.pick_local(t)
        if local is not None and self.r.random() < .8:
            self.emit(0x21, unsigned(local))
        else:
            self.emit(0x24, unsigned(self.m.globals.index(t)))

    # --- statements: the stack is as before ---------------------------------

    def statement(self, depth):
        r = self.r
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return
        what = r.random()
        if self.m.new and r.random() < .25:
            self.new_statement(depth)
        elif what < .35:
            t = r.choice('iIfFv')
            self.expr(t, depth)
            self.store_value(t)
        elif what < .55:
            self.operation(r.choice(STORES), depth)
        elif what < .65:
            self.expr('i', depth)
            self.emit(0x04, 0x40)
            self.labels.append('')
            self.statements(depth - 1)
            if r.random() < .5:
                self.emit(0x05)
                self.statements(depth - 1)
            self.labels.pop()
            self.emit(0x0b)
        elif what < .75:
            self.loop(depth)
        elif what < .82:
            self.switch(depth)
        elif what < .87:
            empty = [i for i, t in enumerate(reversed(self.labels)) if not t]
            if empty:
                self.expr('i', depth - 1)
                self.emit(0x0d, unsigned(r.choice(empty)))
        elif what < .92:
            self.bulk(depth)
        elif what < .95:
            self.leave(depth)
        else:
            t = r.choice('iIfFv')
            self.expr(t, depth)
            self.emit(0x1a)

    def statements(self, depth):
        for _ in range(self.r.randrange(1, 4)):
            self.statement(depth)

    def spend(self):
        """One unit of fuel, and leave on the stack whether any is left."""
        g = unsigned(len(self.m.globals))
        self.emit(0x23, g, 0x41, 1, CODE['i32.sub'], 0x24, g,
                  0x23, g, 0x41, 0, CODE['i32.gt_s'])

    def loop(self, depth):
        self.emit(0x02, 0x40, 0x03, 0x40)
        self.labels += ['', 'loop']
        self.statements(depth - 1)
        self.expr('i', depth - 1)
        self.spend()
        self.emit(CODE['i32.and'], 0x0d, 0)
        self.labels[-2:] = []
        self.emit(0x0b, 0x0b)

    def switch(self, depth):
        n = self.r.randrange(1, 5)
        for _ in range(n):
            self.emit(0x02, 0x40)
            self.labels.append('')
        self.expr('i', depth - 1)
        if self.r.random() < .8:
            self.emit(0x41, signed(n, 32), CODE['i32.rem_u'])
        self.emit(0x0e, vec([unsigned(self.r.randrange(n))
                             for _ in range(n)]),
                  unsigned(self.r.randrange(n)))
        for _ in range(n):
            self.labels.pop()
            self.emit(0x0b)
            self.statement(depth - 1)

    def bulk(self, depth):
        length = 0x41 if self.m.index == 'i' else 0x42
        self.address(depth)
        if self.r.random() < .5:
            self.expr('i', depth - 1)
            end = (0xfc, 11, 0)
        elif self.r.random() < .5:
            self.address(depth)
            end = (0xfc, 10, 0, 0)
        else:
            self.emit(0x41, self.r.randrange(8))
            length, end = 0x41, (0xfc, 8, 1, 0)
        self.emit(length, signed(self.r.choice([0, 1, 7, 33]), 32), *end)

    def leave(self, depth):
        """In an if: return, tail-call, or rarely trap."""
        self.expr('i', depth - 1)
        self.emit(0x04, 0x40)
        self.labels.append('')
        same = [i for i, f in enumerate(self.m.functions)
                if i > self.index and not f.exported
                and f.results == self.f.results]
        if same and self.r.random() < .5:
            self.call(self.r.choice(same), depth, tail=True)
        elif self.r.random() < .1:
            self.emit(0x00)
        else:
            for t in self.f.results:
                self.expr(t, depth - 1)
            self.emit(0x0f)
        self.labels.pop()
        self.emit(0x0b)

    def build(self):
        fuel = unsigned(len(self.m.globals))
        if self.f.exported:
            self.emit(0x41, signed(FUEL, 32), 0x24, fuel)
        else:
            self.spend()
            self.emit(CODE['i32.eqz'], 0x04, 0x40)
            for t in self.f.results:
                self.leaf(t)
            self.emit(0x0f, 0x0b)
        while self.budget > 0 and self.r.random() < .85:
            self.statement(5)
        self.budget = max(self.budget, 30)
        for t in self.f.results:
            self.expr(t, 5)
        self.emit(0x0b)
        declared = [unsigned(1) + valtype(t)
                    for t in self.locals[len(self.f.params):]]
        code = vec(declared) + bytes(self.out)
        return unsigned(len(code)) + code
