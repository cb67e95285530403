"""What the tests of the engine share: TAP, skips, and where things are.

Each test here is a program that prints TAP; tests/run reads it.  HULL_BUILD is
the build folder, `build` in the root of the tree by default."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get('HULL_BUILD',
                                       os.path.join(ROOT, 'build')))

_count = 0
_failed = 0


def comment(text):
    for line in text.splitlines():
        print('#', line, flush=True)


def ok(passed, name):
    global _count, _failed
    _count += 1
    _failed += not passed
    print('%sok %d - %s' % ('' if passed else 'not ', _count, name))
    sys.stdout.flush()
    return passed


def skip(feature, name, reason):
    """Not run; tests/run makes it a failure if HULL_TEST_MUST names it."""
    global _count
    _count += 1
    print('ok %d - %s # SKIP [%s] %s' % (_count, name, feature, reason))


def done():
    print('1..%d' % _count)
    sys.exit(_failed != 0)


def program(name):
    """A program of the build folder, as tests/wasm/meson.build makes it."""
    return os.path.join(BUILD, 'tests', 'wasm', name)


def has_compiler():
    return os.path.exists(os.path.join(BUILD, 'bin', 'hull-wasmc'))


def find_suite():
    """The folder or archive of the specification's test suite, or None."""
    named = os.environ.get('HULL_WASM_SPEC')
    if named:
        return named
    for up in ('..', '../..'):
        here = os.path.join(ROOT, up, 'shared', 'wasm-spec')
        if os.path.isdir(here):
            return here
    return None


def unpack_suite(into):
    """Unpack the suite below `into`.  Returns (folder, None), or (None, why
    not)."""
    import shutil
    import subprocess
    suite = find_suite()
    if not suite:
        return None, ('no suite of the specification: HULL_WASM_SPEC names '
                      'its folder (docs/wasm-testing.md)')
    archive = suite
    if os.path.isdir(suite):
        archive = os.path.join(suite, 'core3.tar.zst')
        if not os.path.exists(archive):
            return suite, None
    if not os.path.exists(archive):
        return None, 'there is no ' + archive
    if not shutil.which('zstd'):
        return None, 'no zstd, which unpacks the suite'
    subprocess.run(['tar', '--zstd', '-xf', archive, '-C', into], check=True)
    return into, None
