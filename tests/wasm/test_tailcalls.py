#!/usr/bin/env python3
"""The interpreter's handlers end in jumps.

A handler whose compiler made the last jump a call still works, but a loop
over it eats the host's stack.  gcc 12 has no attribute that would refuse to
compile it, so this looks at the machine code: the one call through a pointer
is that of host functions."""

import glob
import os
import re
import shutil
import subprocess

import common

CALL = re.compile(r'\b(call\s+\*|blr\s)')
JUMP = re.compile(r'\b(jmp\s+\*|br\s+x)')


def main():
    objects = glob.glob(os.path.join(
        common.BUILD, 'src', 'wasm', 'libwasm-interp.a.p', '*.o'))
    name = 'every handler ends in a jump'
    if not objects or not shutil.which('objdump'):
        common.skip('objdump', name, 'no objdump, or nothing built')
        common.done()
    text = subprocess.run(['objdump', '-d', '--no-show-raw-insn'] + objects,
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    jumps, callers, function = 0, set(), '?'
    for line in text.splitlines():
        head = re.match(r'[0-9a-f]+ <(.*)>:$', line)
        if head:
            function = head.group(1)
        elif CALL.search(line):
            callers.add(function)
        elif JUMP.search(line):
            jumps += 1
    if jumps < 100:
        common.skip('optimized', name, 'this build dispatches from a loop')
        common.done()
    strange = callers - {'call_host'}
    common.comment('%d jumps to the next handler' % jumps)
    for f in sorted(strange):
        common.comment('a call in ' + f)
    common.ok(not strange, name)
    common.done()


if __name__ == '__main__':
    main()
