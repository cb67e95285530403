"""Expressions and statements about references: structs, arrays, i31, casts.
A part of Body."""

from .encode import FIELDS, HEAPTYPE, REFTYPE, unsigned, valtype
from .ops import CODE


class References:
    def non_null(self, t, depth):
        """A value of type t, nearly never null."""
        s = unsigned(self.scratch[t])
        self.expr(t, depth - 1)
        if self.r.random() < .98:
            self.emit(0x22, s, 0xd1, 0x04, valtype(t))
            if t in FIELDS:
                self.emit(0xfb, 1, HEAPTYPE[t])
            else:
                self.emit(0x41, 3, 0xfb, 7, HEAPTYPE[t])
            self.emit(0x05, 0x20, s, 0x0b)

    def element(self, t, depth):
        """An array and an index into it; no array is empty."""
        s, i = unsigned(self.scratch[t]), unsigned(self.scratch['i'])
        self.non_null(t, depth)
        self.expr('i', depth - 1)
        self.emit(0x21, i, 0x21, s, 0x20, s, 0x20, i)
        if self.r.random() < .98:
            self.emit(0x20, s, 0xfb, 15, CODE['i32.rem_u'])

    def length(self, depth):
        self.expr('i', depth - 1)
        self.emit(0x41, 7, CODE['i32.and'], 0x41, 1, CODE['i32.add'])

    def field_of(self, t):
        """A struct type and the number of a field of type t."""
        fits = [(c, i) for c in FIELDS for i, f in enumerate(FIELDS[c])
                if (t if t != 'i' else 'i8').find(f) >= 0]
        return self.r.choice(fits) if fits else None

    def get_field(self, t, depth):
        found = self.field_of(t)
        if not found:
            return False
        of, field = found
        self.non_null(of, depth)
        packed = FIELDS[of][field] == '8'
        self.emit(0xfb, self.r.choice([3, 4]) if packed else 2, HEAPTYPE[of],
                  field)
        return True

    def get_element(self, t, depth):
        self.element('a' if t == 'i' else 'b', depth)
        self.emit(0xfb, *((self.r.choice([12, 13]), 2) if t == 'i' else
                          (11, 3)))

    def allocate(self, t, depth):
        """A new object of just the type t."""
        r = self.r
        if t in FIELDS and r.random() < .3:
            self.emit(0xfb, 1, HEAPTYPE[t])
        elif t in FIELDS:
            for f in FIELDS[t]:
                self.expr('i' if f == '8' else f, depth - 1)
            self.emit(0xfb, 0, HEAPTYPE[t])
        elif t == 'n':
            self.expr('i', depth - 1)
            self.emit(0xfb, 28)                         # ref.i31
        elif r.random() < .3:
            self.length(depth)
            self.emit(0xfb, 7, HEAPTYPE[t])
        elif r.random() < .5:
            self.expr('i' if t == 'a' else 'n', depth - 1)
            self.length(depth)
            self.emit(0xfb, 6, HEAPTYPE[t])
        elif t == 'a' and r.random() < .5:
            self.emit(0x41, r.randrange(8), 0x41, 1 + r.randrange(20),
                      0xfb, 9, 2, 1)                    # array.new_data
        else:
            n = r.randrange(1, 5)
            for _ in range(n):
                self.expr('i' if t == 'a' else 'n', depth - 1)
            self.emit(0xfb, 8, HEAPTYPE[t], n)

    def cast(self, t, depth):
        """From anything: by a test, by a branch, or by a cast that traps."""
        s, what = unsigned(self.scratch['n']), self.r.random()
        h = HEAPTYPE[t]
        if what < .05:
            self.expr('n', depth - 1)
            self.emit(0xfb, 23, h)
        elif what < .5:
            self.expr('n', depth - 1)
            self.emit(0x22, s, 0xfb, self.r.choice([20, 21]), h,
                      0x04, valtype(t), 0x20, s, 0xfb, 23, h, 0x05)
            self.leaf(t)
            self.emit(0x0b)
        else:
            self.emit(0x02, valtype(t))
            self.labels.append(t)
            if self.r.random() < .5:
                self.expr('n', depth - 1)
                self.emit(0xfb, 24, 3, 0, 0x6e, h, 0x1a)
                self.expr(t, depth - 1)
            else:
                self.emit(0x02, valtype('n'))
                self.labels.append('n')
                self.expr('n', depth - 1)
                self.emit(0xfb, 25, 3, 0, 0x6e, h, 0x0c, 1)
                self.labels.pop()
                self.emit(0x0b, 0x1a)
                self.leaf(t)
            self.labels.pop()
            self.emit(0x0b)

    def ask(self, depth):
        """An i32 about references."""
        r, what = self.r, self.r.random()
        if what < .2:
            self.expr(r.choice('stabn'), depth - 1)
            self.emit(0xd1)
        elif what < .4:
            self.expr(r.choice('stab'), depth - 1)
            self.expr(r.choice('stab'), depth - 1)
            self.emit(0xd3)
        elif what < .7:
            self.expr('n', depth - 1)
            self.emit(0xfb, r.choice([20, 21]),
                      r.choice([0, 1, 2, 3, 0x6b, 0x6a, 0x6c, 0x6d, 0x71]))
        elif what < .85:
            self.non_null(r.choice('ab'), depth)
            self.emit(0xfb, 15)
        else:
            s = unsigned(self.scratch['n'])
            self.expr('n', depth - 1)
            self.emit(0x22, s, 0xfb, 20, 0x6c, 0x04, 0x7f, 0x20, s, 0xfb, 23,
                      0x6c, 0xfb, r.choice([29, 30]), 0x05)
            self.leaf('i')
            self.emit(0x0b)

    def new_expr(self, t, depth):
        """False when there is nothing of the kind for t."""
        what = self.r.random()
        if t in REFTYPE:
            if what < .45:
                self.allocate(t, depth)
            elif t == 'n' and what < .7:
                self.expr(self.r.choice('stab'), depth - 1)
            elif t == 'n' and what < .75:
                self.expr(t, depth - 1)
                self.emit(0xfb, 27, 0xfb, 26)   # to extern and back
            elif t == 's' and what < .6:
                self.expr('t', depth - 1)
            elif t == 'n' and what < .85:
                self.get_element(t, depth)
            elif t != 'n' and what < .8:
                self.cast(t, depth)
            elif not self.get_field(t, depth):
                self.allocate(t, depth)
            return True
        if t == 'i' and what < .5:
            self.ask(depth)
        elif t == 'i' and what < .75:
            self.get_element(t, depth)
        else:
            return self.get_field(t, depth)
        return True

    def new_statement(self, depth):
        r, what = self.r, self.r.random()
        if what < .3:
            of = r.choice('st')
            field = r.randrange(len(FIELDS[of]))
            t = FIELDS[of][field]
            self.non_null(of, depth)
            self.expr('i' if t == '8' else t, depth - 1)
            self.emit(0xfb, 5, HEAPTYPE[of], field)
        elif what < .6:
            t = r.choice('ab')
            self.element(t, depth)
            self.expr('i' if t == 'a' else 'n', depth - 1)
            if r.random() < .7:
                self.emit(0xfb, 14, HEAPTYPE[t])
            else:
                self.emit(0x41, 1, 0xfb, 16, HEAPTYPE[t])   # fill one
        elif what < .65:
            t = r.choice('ab')
            self.element(t, depth)
            self.element(t, depth)
            self.emit(0x41, 1, 0xfb, 17, HEAPTYPE[t], HEAPTYPE[t])
        elif what < .85:
            self.attempt(depth)
        else:
            t = r.choice('stabn')
            self.expr(t, depth)
            self.store_value(t)
