"""Numbers, vectors, sections and types of the binary format."""

VALTYPE = {'i': 0x7f, 'I': 0x7e, 'f': 0x7d, 'F': 0x7c, 'v': 0x7b}
# References, by letter: a struct, one of its subtypes, an array of numbers, an
# array of references, and anything at all.  TYPES are the first four types.
REFTYPE = {'s': b'\x63\0', 't': b'\x63\1', 'a': b'\x63\2', 'b': b'\x63\3',
           'n': b'\x6e'}
EXCEPTION = {'x': b'\x69'}     # exnref, of locals and blocks only
# What each tag's exceptions hold.
TAGS = ['i', 'vn', 'Fib', '']
HEAPTYPE = {'s': 0, 't': 1, 'a': 2, 'b': 3, 'n': 0x6e}
FIELDS = {'s': 'isI8', 't': 'isI8Fan'}
TYPES = (b'\x4e\x04'
         b'\x50\0\x5f\4\x7f\1\x63\0\1\x7e\1\x78\1'
         b'\x50\1\0\x5f\7\x7f\1\x63\0\1\x7e\1\x78\1\x7c\1\x63\2\1\x6e\1'
         b'\x5e\x77\1'
         b'\x5e\x6e\1')
N_TYPES = 4


def unsigned(n):
    out = bytearray()
    while True:
        byte, n = n & 0x7f, n >> 7
        out.append(byte | (0x80 if n else 0))
        if not n:
            return bytes(out)


def signed(n, bits):
    n &= (1 << bits) - 1
    if n >> (bits - 1):
        n -= 1 << bits
    out = bytearray()
    while True:
        byte, n = n & 0x7f, n >> 7
        done = (n == 0 and not byte & 0x40) or (n == -1 and byte & 0x40)
        out.append(byte | (0 if done else 0x80))
        if done:
            return bytes(out)


def valtype(t):
    return REFTYPE.get(t) or EXCEPTION.get(t) or bytes([VALTYPE[t]])


def vec(items):
    return unsigned(len(items)) + b''.join(items)


def section(number, content):
    return bytes([number]) + unsigned(len(content)) + content


def opcode(code):
    if code < 0x100:
        return bytes([code])
    return bytes([code >> 16]) + unsigned(code & 0xffff)
