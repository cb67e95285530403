#!/usr/bin/env python3
"""The engine on Arm64: cross-built, its unit tests, images of compiled code
and the specification's suite run by qemu-user.

The build folder is build-arm64 next to the usual one; HULL_BUILD_ARM64 names
another."""

# timeout: 900
import os
import re
import shutil
import subprocess
import tempfile

import common
import test_link

CROSS = os.path.join(common.ROOT, 'tools', 'cross', 'aarch64.ini')
BUILD = os.path.abspath(os.environ.get(
    'HULL_BUILD_ARM64',
    os.path.join(os.path.dirname(common.BUILD), 'build-arm64')))
# qemu-user knows no openat2 before version 9.2, and WASI opens nothing without.
NEEDS_OPENAT2 = 'test-wasi-'
QEMU = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu']


def missing():
    for tool in ('aarch64-linux-gnu-gcc', QEMU[0], 'meson', 'ninja'):
        if not shutil.which(tool):
            return ('no %s (Debian: gcc-aarch64-linux-gnu, '
                    'libc6-dev-arm64-cross, qemu-user-static, meson)' % tool)
    return None


def has_openat2():
    version = subprocess.run([QEMU[0], '--version'], stdout=subprocess.PIPE,
                             text=True).stdout
    found = re.search(r'version (\d+)\.(\d+)', version)
    return found and (int(found[1]), int(found[2])) >= (9, 2)


def build():
    """None, or the output of what failed."""
    commands = [['ninja', '-C', BUILD]]
    if not os.path.exists(os.path.join(BUILD, 'build.ninja')):
        commands.insert(0, ['meson', 'setup', BUILD, common.ROOT,
                            '--cross-file', CROSS, '-Dwasm_only=true'])
    for command in commands:
        p = subprocess.run(command, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        if p.returncode:
            return p.stdout
    return None


def unit_tests():
    folder = os.path.join(BUILD, 'tests', 'unit')
    # qemu prints each fault that should kill; RLIMIT_AS has no effect there.
    env = {k: v for k, v in os.environ.items() if k != 'HULL_TEST_MUST'}
    env['HULL_TEST_EMULATED'] = '1'
    for name in sorted(os.listdir(folder)):
        if not name.startswith('test-') or '.' in name:
            continue
        if name.startswith(NEEDS_OPENAT2) and not has_openat2():
            common.skip('arm64-openat2', 'arm64: ' + name,
                        'this qemu-user has no openat2')
            continue
        p = subprocess.run(QEMU + [os.path.join(folder, name)], env=env,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           text=True)
        tests = [t for t in p.stdout.splitlines() if 'ok ' in t[:7]]
        if p.returncode:
            common.comment(p.stdout)
        common.ok(p.returncode == 0 and tests,
                  'arm64: %s, %d tests' % (name, len(tests)))


def suite():
    with tempfile.TemporaryDirectory(prefix='hull-arm64-') as tmp:
        folder, why = common.unpack_suite(tmp)
        if not folder:
            common.skip('wasm-spec', 'arm64: specification', why)
            return
        # qemu-user keeps a record per reserved page: no guard pages.
        p = subprocess.run(QEMU + [os.path.join(BUILD, 'tests', 'wasm',
                                                'spec-runner'),
                                   '--checked', folder],
                           stdout=subprocess.PIPE, text=True)
        lines = p.stdout.splitlines()
        for line in lines:
            if line.startswith(('#', 'not ok')):
                print('# ' + line.lstrip('# '))
        common.ok(p.returncode == 0, 'arm64: specification: %s' %
                  (lines[-1].lstrip('# ') if lines else 'nothing ran'))


def main():
    why = missing()
    if why:
        common.skip('arm64', 'arm64', why)
        common.done()
    output = build()
    if output:
        common.comment(output)
    if common.ok(output is None, 'arm64: cross-built'):
        unit_tests()
        test_link.run(test_link.arm64(
            QEMU + [os.path.join(BUILD, 'tests', 'wasm', 'link-test')]))
        suite()
    common.done()


if __name__ == '__main__':
    main()
