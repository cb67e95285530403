#!/usr/bin/env python3
"""Compares hull's JSON decoder with Python's json module: the same documents
are accepted, and strings and integers have the same value.

test_json_python.py [PATH-OF-json-verdict]    prints TAP
"""

import json
import os
import random
import subprocess
import sys

MAX_DEPTH = 128  # JSON_MAX_DEPTH of base/json.h

# By hand: one rule of RFC 8259, of UTF-8 or of JSON_MAX_DEPTH each.
BY_HAND = [
    b"", b" ", b"null", b"nul", b"nulll", b"true", b"false", b"True", b"NaN",
    b"Infinity", b"-Infinity", b"0", b"-0", b"-", b"+1", b"01", b"-01", b"1.",
    b".5", b"0.5", b"1e5", b"1E+5", b"1e-05", b"1e", b"1e+", b"0x10", b"1_0",
    b"1 2", b"[1 2]", b"[1,]", b"[,1]", b"[,]", b"[]", b"[ ]", b"[[]", b"[]]",
    b"{}", b"{ }", b"{,}", b'{"a"}', b'{"a":}', b'{"a":1,}', b"{'a':1}",
    b"{a:1}", b'{"a":1 "b":2}', b'{"a":1,"a":2}', b'{"":0}', b"{1:2}",
    b'"', b'"a', b'"\\"', b'"\\x"', b'"\\u12"', b'"\\u12g4"', b'"\\u00e9"',
    b'"\\U00e9"', b'"\t"', b'"\n"', b'"\x7f"', b'"\x00"', b"\x00", b"1\x00",
    b'"\\ud83d\\ude00"', b'"\\ud83d"', b'"\\ude00"', b'"\\ude00\\ud83d"',
    b'"\\ud83dx"', b'"\\ud83d\\n"', b'"\\ud83d\\u0041"', b'"\\uD83D\\uDE00"',
    b'"\xc3\xa9"', b'"\xc3"', b'"\x80"', b'"\xc0\x80"', b'"\xed\xa0\x80"',
    b'"\xf0\x9f\x98\x80"', b'"\xf4\x90\x80\x80"', b'"\xf8\x88\x80\x80\x80"',
    b'"\xe0\x80\x80"', b'"\xef\xbf\xbf"', b"\xef\xbb\xbf{}", b"/**/1",
    b"\xc2\xa01", b"\x0c1", b"\x0b1", b"\r\n\t 1\r\n\t ", b"9" * 400,
    b"-9223372036854775808", b"9223372036854775807", b"9223372036854775808",
    b"1e400", b'"\\/\\b\\f\\n\\r\\t\\\\\\""', b"[" * 128 + b"]" * 128,
    b"[" * 129 + b"]" * 129, b'{"a":' * 128 + b"1" + b"}" * 128,
    b'{"a":' * 129 + b"1" + b"}" * 129,
]

SPICE = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud800",
         b"0", b"-", b".", b"e", b"null", b" ", b"\n", b"\x00", b"\x80",
         b"\xc3\xa9", b"\xff", b"1", b"true"]


def random_string(rng):
    alphabet = ["a", "Z", " ", '"', "\\", "/", "\n", "\t", "\x01", "\x7f",
                "é", "€", "😀", "\ufffd", "\u2028"]
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(8)))


def random_value(rng, depth):
    kind = rng.randrange(8 if depth < 5 else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randrange(-(2**65), 2**65)
    if kind == 2:
        return rng.choice([0, -1, 7, 2**31, 2**63 - 1, -(2**63)])
    if kind == 3:
        return rng.uniform(-1e6, 1e6) * 10 ** rng.randrange(-20, 20)
    if kind in (4, 5):
        return random_string(rng)
    if kind == 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {random_string(rng): random_value(rng, depth + 1)
            for _ in range(rng.randrange(5))}


def write(rng, value):
    return json.dumps(value, ensure_ascii=rng.random() < 0.5,
                      indent=rng.choice([None, None, 1, "\t"])).encode()


def mutate(rng, text):
    text = bytearray(text)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        how = rng.randrange(4)
        if how == 0:
            del text[at:at + rng.randrange(1, 4)]
        elif how == 1:
            text[at:at] = rng.choice(SPICE)
        elif how == 2:
            text[at:at + 1] = rng.choice(SPICE)
        else:
            del text[at:]
    return bytes(text)


def not_json(word):
    raise ValueError(word)


def check(value, depth=0):
    """Raises for what RFC 8259 leaves to the reader and hull refuses."""
    if isinstance(value, str):
        value.encode()  # no halves of surrogate pairs
    elif isinstance(value, (list, dict)):
        if depth == MAX_DEPTH:
            raise ValueError("too deep")
        for key in value if isinstance(value, dict) else ():
            key.encode()
        for one in value.values() if isinstance(value, dict) else value:
            check(one, depth + 1)


def pairs(members):
    """Keeps the values of equal keys, so that each is checked."""
    return {f"{i}{key}": value for i, (key, value) in enumerate(members)}


def python_value(text):
    value = json.loads(text.decode(), parse_constant=not_json,
                       object_pairs_hook=pairs)
    check(value)
    return value


def hull_verdicts(program, documents):
    text = b"".join(b"%d\n%s" % (len(d), d) for d in documents)
    out = subprocess.run([program], input=text, stdout=subprocess.PIPE,
                         check=True).stdout.decode().split("\n")[:-1]
    assert len(out) == len(documents), "one line for each document"
    return out


def differences(program, documents):
    found = []
    for document, verdict in zip(documents, hull_verdicts(program, documents)):
        try:
            value = python_value(document)
        except (ValueError, RecursionError):
            if verdict != "no":
                found.append(f"accepted {document!r}")
            continue
        if verdict == "no":
            found.append(f"refused {document!r}")
        elif verdict != "yes" and json.loads(verdict[4:]) != value:
            found.append(f"{document!r} became {verdict[4:]}")
        elif verdict == "yes" and isinstance(value, str) and "\0" not in value:
            found.append(f"{document!r} is no string")
    return found


def main():
    top = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../..")
    build = os.environ.get("HULL_BUILD", os.path.join(top, "build"))
    program = os.path.join(build, "tests/json/json-verdict")
    if len(sys.argv) > 1:
        program = sys.argv[1]
    rng = random.Random(8259)
    valid = [write(rng, random_value(rng, 0)) for _ in range(3000)]
    strings = [write(rng, random_string(rng)) for _ in range(1000)]
    broken = [mutate(rng, rng.choice(valid + strings + BY_HAND))
              for _ in range(20000)]
    sets = [("documents written by hand", BY_HAND),
            ("random documents", valid),
            ("random strings", strings),
            ("changed documents", broken)]
    failed = False
    print(f"1..{len(sets)}")
    for n, (name, documents) in enumerate(sets, 1):
        found = differences(program, documents)
        for line in found[:10]:
            print(f"# {line}")
        failed |= bool(found)
        print(f"{'not ok' if found else 'ok'} {n} - {len(documents)} {name}, "
              "as Python reads them")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
