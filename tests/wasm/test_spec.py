#!/usr/bin/env python3
"""The core test suite of the WebAssembly specification.

    test_spec.py [FILE...]      all of it, or files like i32.json

The suite is data that is not in the tree.  It is looked for in HULL_WASM_SPEC
(a folder of JSON files, or of core3.tar.zst, or that archive), then in
../shared/wasm-spec next to the tree; docs/wasm-testing.md says how to make one."""

# timeout: 300
import os
import subprocess
import sys
import tempfile

import common


def files_of(folder, names):
    if not names:
        return [folder]
    return [os.path.join(at, f) for at, _, files in os.walk(folder)
            for f in files if f in names]


def run(title, options, folder):
    """One pass over the suite; its lines become comments, one total a test."""
    p = subprocess.run([common.program('spec-runner')] + options +
                       files_of(folder, sys.argv[1:]),
                       stdout=subprocess.PIPE, text=True)
    lines = p.stdout.splitlines()
    for line in lines:
        if line.startswith(('#', 'not ok')):
            print('# ' + line.lstrip('# '))
    total = lines[-1].lstrip('# ') if lines else 'nothing ran'
    common.ok(p.returncode == 0, '%s: %s' % (title, total))


def main():
    with tempfile.TemporaryDirectory(prefix='hull-spec-') as tmp:
        folder, why = common.unpack_suite(tmp)
        if not folder:
            common.skip('wasm-spec', 'specification', why)
        else:
            run('specification', [], folder)
            run('specification, without guard pages, collecting always',
                ['--checked', '--torture'], folder)
            if common.has_compiler():
                run('specification, compiled, strict', ['--strict'], folder)
                run('specification, compiled', ['--compiled'], folder)
            else:
                common.skip('llvm', 'specification, compiled',
                            'built without LLVM')
    common.done()


if __name__ == '__main__':
    main()
