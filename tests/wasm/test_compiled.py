#!/usr/bin/env python3
"""What the interpreter passes, once more with code that LLVM made: WASI, the
command line with its limits, timeouts and traces, tail calls."""

# timeout: 600
import os
import re
import subprocess
import sys
import tempfile

import common

AGAIN = ['test_wasi.py', 'test_cli.py', 'test_tailcalls.py']


def again(name, cache):
    env = dict(os.environ, HULL_CACHE_DIR=cache, HULL_WASM_COMPILE='require')
    p = subprocess.run([sys.executable, os.path.join(common.HERE, name)],
                       env=env, stdout=subprocess.PIPE, text=True)
    lines = p.stdout.splitlines()
    passed = sum(1 for line in lines if re.match(r'ok \d', line))
    for line in lines:
        if line.startswith(('not ok', '#')):
            common.comment(line.lstrip('# '))
    common.ok(p.returncode == 0 and passed > 0,
              f'{name}, compiled: {passed} tests')


def main():
    if not common.has_compiler():
        common.skip('llvm', 'compiled', 'built without LLVM')
        common.done()
    with tempfile.TemporaryDirectory(prefix='hull-cache-') as cache:
        for name in AGAIN:
            again(name, cache)
        images = os.listdir(os.path.join(cache, 'images'))
        common.ok(len(images) > 10, f'{len(images)} images were made')
    common.done()


if __name__ == '__main__':
    main()
