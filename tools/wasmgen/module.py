"""A module around random functions."""

import random
import struct

from .body import TABLE, Body, Function
from .encode import N_TYPES, TAGS, TYPES, section, unsigned, valtype, vec
from .ops import CODE

PAGES, MAX_PAGES = 2, 4


class Module:
    def __init__(self, seed, new=False):
        self.r = r = random.Random(seed)
        self.new = new
        self.letters = 'iIfFv' + ('stabn' if new else '')
        self.index = 'I' if new and r.random() < .25 else 'i'
        self.types = []
        self.globals = list(self.letters)
        self.functions = [Function('iI', r.choice('iI'), True)
                          for _ in range(r.randrange(1, 4))]
        for _ in range(r.randrange(1, 7)):
            self.functions.append(Function(
                ''.join(r.choices(self.letters, k=r.randrange(4))),
                ''.join(r.choices(self.letters,
                                  k=r.choice([0, 1, 1, 1, 2]))),
                False))
        self.table = [r.randrange(len(self.functions)) for _ in range(TABLE)]
        self.bodies = [Body(self, i).build()
                       for i in range(len(self.functions))]

    def type_of(self, params, results):
        """The index of a function type, made when needed."""
        t = (params, results)
        if t not in self.types:
            self.types.append(t)
        return self.types.index(t) + (N_TYPES if self.new else 0)

    def slot_of(self, function):
        return self.table.index(function) if function in self.table else None

    def global_section(self):
        init = {'i': b'\x41\x2a', 'I': b'\x42\x7f',
                'f': b'\x43' + struct.pack('<f', 1.25),
                'F': b'\x44' + struct.pack('<d', -3.5),
                'v': CODE['v128.const'] + bytes(range(16)),
                's': b'\xfb\1\0', 't': b'\xfb\1\1', 'n': b'\x41\7\xfb\x1c',
                'a': b'\x41\5\xfb\7\2', 'b': b'\x41\2\xfb\7\3'}
        rows = [valtype(t) + b'\1' + init[t] + b'\x0b'
                for t in self.globals]
        rows.append(b'\x7f\x01\x41\x00\x0b')      # fuel
        return vec(rows)

    def encode(self):
        functions = [self.type_of(f.params, f.results) for f in self.functions]
        tags = [b'\0' + unsigned(self.type_of(t, ''))
                for t in TAGS] if self.new else []
        types = [b'\x60' + vec([valtype(t) for t in p]) +
                 vec([valtype(t) for t in q]) for p, q in self.types]
        if self.new:
            types.insert(0, TYPES)
        limits = b'\x01' if self.index == 'i' else b'\x05'
        exports = [b'\x03mem\x02\x00'] + [
            b'\x02f%d\x00' % i + unsigned(i)
            for i, f in enumerate(self.functions) if f.exported]
        data = self.r.randbytes(64)
        return b''.join([
            b'\0asm\1\0\0\0',
            section(1, vec(types)),
            section(3, vec([unsigned(t) for t in functions])),
            section(4, vec([b'\x70\x00' + unsigned(TABLE)])),
            section(5, vec([limits + unsigned(PAGES) + unsigned(MAX_PAGES)])),
            section(13, vec(tags)) if self.new else b'',
            section(6, self.global_section()),
            section(7, vec(exports)),
            section(9, vec([b'\x00\x41\x00\x0b' +
                            vec([unsigned(i) for i in self.table])])),
            section(12, b'\x02'),
            section(10, vec(self.bodies)),
            section(11, vec([
                b'\0' + (b'\x41' if self.index == 'i' else b'\x42') +
                b'\x10\x0b' + unsigned(len(data)) + data,
                b'\1' + unsigned(len(data)) + data])),
        ])
