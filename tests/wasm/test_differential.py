#!/usr/bin/env python3
"""Generated modules on our engine, compiled by it, and on Node's, which must
agree.

    test_differential.py [--seed N] [--count N] [--keep DIR]

HULL_NODE names another node than the one in PATH.  From version 24 on it also
gets what WebAssembly 3.0 brought.

By default 300 modules from a fixed seed, which takes a second or two; a night
is --count 1000000 --seed $RANDOM.  A module that makes a difference can be
made again from its seed, which is its name: tools/wasm-gen.py --seed N DIR."""

# timeout: 300
import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile

import common

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(common.ROOT, 'tools'))
from wasmgen import Module  # noqa: E402

BATCH = 300
SHOWN = 20


def find_node():
    """(command, major version), or None."""
    node = os.environ.get('HULL_NODE') or shutil.which('node')
    if not node:
        return None
    major = int(subprocess.run([node, '-p', 'process.versions.node'],
                               stdout=subprocess.PIPE, text=True,
                               check=True).stdout.split('.')[0])
    command = [node] + (['--experimental-wasm-exnref'] if major == 24 else [])
    return command + [os.path.join(common.HERE, 'diff-node.js')], major


def outcome(command, files):
    p = subprocess.run(command + files, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
    lines = p.stdout.splitlines()
    if p.returncode:
        lines.append('%s ended with %d' % (command[0], p.returncode))
    return lines


def by_module(lines):
    groups = {}
    for line in lines:
        groups.setdefault(line.split(' ')[0], []).append(line)
    return groups


def differences(ours, theirs):
    """(module, our line, their line) where they first disagree."""
    ours, theirs = by_module(ours), by_module(theirs)
    for name in {**theirs, **ours}:
        pairs = itertools.zip_longest(ours.get(name, []), theirs.get(name, []))
        for a, b in pairs:
            if a != b:
                yield name, a, b
                break


def batches(a, new, tmp):
    for first in range(a.seed, a.seed + a.count, BATCH):
        files = []
        for seed in range(first, min(first + BATCH, a.seed + a.count)):
            files.append(os.path.join(tmp, '%d.wasm' % seed))
            with open(files[-1], 'wb') as f:
                f.write(Module(seed, new).encode())
        yield files
        for f in files:
            os.unlink(f)


def report(a, tmp, found, ours, theirs):
    for name, got, want in found[:SHOWN]:
        common.comment('%s: %s\n%s: %s' % (ours, got, theirs, want))
    for name, _, _ in found:
        if a.keep and name.endswith('.wasm'):
            shutil.copy(os.path.join(tmp, name), a.keep)


def compare(a, node, new):
    bad = lines = 0
    with tempfile.TemporaryDirectory(prefix='hull-diff-') as tmp:
        for files in batches(a, new, tmp):
            theirs = outcome(node, files)
            lines += len(theirs)
            # The second is slower, and looks for other mistakes.
            runner = [common.program('diff-runner')]
            found = list(differences(outcome(runner, files), theirs))
            found += differences(
                outcome(runner + ['--checked', '--torture'], files), theirs)
            report(a, tmp, found, 'hull', 'node')
            bad += len(found)
    common.ok(bad == 0 and lines > 0,
              '%d modules%s from seed %d compute the same as on node (%d '
              'results)' % (a.count, ' of WebAssembly 3.0' if new else '',
                            a.seed, lines))


def in_bounds(found, lines):
    """Without those of modules with a load out of bounds, which the compiler
    may drop, with its trap, if nobody uses what it loads."""
    out = {line.split(' ')[0] for line in lines
           if line.endswith(' trap memory')}
    return [f for f in found if f[0] not in out]


def compare_compiled(a, new):
    """The compiler against the interpreter: with every trap; and some as it
    is by default, when all that it optimises meets a collector that is always
    at work, which takes twice as long."""
    runner = [common.program('diff-runner')]
    bad = lines = 0
    with tempfile.TemporaryDirectory(prefix='hull-diff-') as tmp:
        for files in batches(a, new, tmp):
            interpreted = outcome(runner, files)
            lines += len(interpreted)
            found = list(differences(outcome(runner + ['--strict'], files),
                                     interpreted))
            some = files[::3]
            right = outcome(runner, some)
            found += in_bounds(differences(
                outcome(runner + ['--compiled', '--torture'], some), right),
                right)
            report(a, tmp, found, 'compiled', 'interpreted')
            bad += len(found)
    common.ok(bad == 0 and lines > 0,
              '%d modules%s from seed %d compute the same compiled (%d '
              'results)' % (a.count, ' of WebAssembly 3.0' if new else '',
                            a.seed, lines))


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--count', type=int, default=300)
    p.add_argument('--keep', metavar='DIR',
                   help='copy modules that make a difference there')
    a = p.parse_args()
    if common.has_compiler():
        compare_compiled(a, False)
        compare_compiled(a, True)
    else:
        common.skip('llvm', 'differential, compiled', 'built without LLVM')
    node = find_node()
    if not node:
        common.skip('node', 'differential', 'no node')
        common.done()
    compare(a, node[0], False)
    if node[1] >= 24:
        compare(a, node[0], True)
    else:
        common.skip('node24', 'differential, WebAssembly 3.0',
                    'node %d lacks it; HULL_NODE can name another' % node[1])
    common.done()


if __name__ == '__main__':
    main()
