#!/usr/bin/env python3
"""Real programs with a byte changed, interpreted and compiled: both must print
the same and end the same.

    test_mutated.py [--seed N] [--count N]

A module that LLVM optimised has shapes that no generator thinks of, and one
that was changed does what nobody intended: it runs into bounds, wrong
indirect calls, endless loops."""

# timeout: 300
import argparse
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import common  # noqa: E402
import wasm  # noqa: E402
from hull import Skip  # noqa: E402

HULL = os.path.join(common.BUILD, 'bin', 'hull')
PROGRAMS = [('bench/wasm/hello.c', []),
            ('tests/wasm/cli/container.c', ['args', 'a', 'b']),
            ('tests/wasm/cli/container.c', ['list', '/'])]


def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def code_section(data):
    """(start, end) of its contents."""
    at = 8
    while at < len(data):
        kind = data[at]
        size, at = leb(data, at + 1)
        if kind == 10:
            return at, at + size
        at += size
    raise ValueError('no code')


def hull(*args):
    return subprocess.run([HULL, 'wasm', *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def run(module, args, *options):
    """How it ended; None if it did not.  Its root is read-only, so that one
    run cannot matter to the next."""
    p = hull('run', *options, '--timeout', '3s', '--max-memory', '64M',
             '--dir', f'{os.path.dirname(module)}/../root::/:ro', module, *args)
    if p.returncode == 124:
        return None
    # The first line of a trap's report says what it was.
    said = p.stderr.decode(errors='replace').splitlines()[:1]
    said = [line.split(': ', 2)[-1] for line in said]
    return p.stdout, p.returncode, said


def mutants(rng, count, into):
    """(module, arguments) of those that are valid."""
    made = 0
    while made < count:
        source, args = PROGRAMS[made % len(PROGRAMS)]
        with open(wasm.build(source), 'rb') as f:
            data = bytearray(f.read())
        start, end = code_section(data)
        for _ in range(rng.choice([1, 1, 1, 3])):
            data[rng.randrange(start, end)] = rng.randrange(256)
        # Its name is an argument, and has to be that of the image.
        name = os.path.join(into, 'module', f'{made}.wasm')
        with open(name, 'wb') as f:
            f.write(data)
        if hull('validate', name).returncode == 0:
            made += 1
            yield name, args


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--count', type=int, default=60)
    a = p.parse_args()
    if not common.has_compiler():
        common.skip('llvm', 'mutated', 'built without LLVM')
        common.done()
    try:
        wasm.build('bench/wasm/hello.c')
    except Skip as e:
        common.skip('wasi-libc', 'mutated', e)
        common.done()
    bad = ran = other = 0
    with tempfile.TemporaryDirectory(prefix='hull-mutated-') as tmp:
        for folder in ['module', 'image', 'root/dir']:
            os.makedirs(os.path.join(tmp, folder))
        plain = {args[0] if args else '': None for _, args in PROGRAMS}
        for module, args in mutants(random.Random(a.seed), a.count, tmp):
            image = os.path.join(tmp, 'image', os.path.basename(module))
            made = hull('compile', '--strict', '-o', image, module)
            want = run(module, args, '--compile=never')
            got = run(image, args) if made.returncode == 0 else made.stderr
            key = args[0] if args else ''
            plain[key] = plain[key] or want
            other += want != plain[key]
            ran += want is not None and got is not None
            if want != got and want is not None and got is not None:
                bad += 1
                common.comment(f'{os.path.basename(module)}: interpreted '
                               f'{want}, compiled {got}')
    common.ok(bad == 0 and ran > a.count * .8 and other > 0,
              f'{ran} changed programs do the same compiled, {other} of them '
              'other things than before')
    common.done()


if __name__ == '__main__':
    main()
