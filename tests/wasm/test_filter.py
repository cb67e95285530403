#!/usr/bin/env python3
"""The system calls that guests cause are those that the sandbox's filter
allows: every test program of WASI and of sockets runs under strace.
# timeout: 300

    test_filter.py list    prints each system call and the programs that made
                           it, as in docs/wasi.md
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
from hull import *  # noqa: E402,F403
from hull import HULL, TOP, main, need_program, test  # noqa: E402
import wasm  # noqa: E402

# Programs with arguments, and those that would wait for somebody.
ARGS = {"args_get": ["one", "\xe9 2"], "proc_exit": ["0"],
        "proc_raise": ["15"], "chaos": ["5000", "1"], "sleep": ["0"], "v1": ["4"], "v2": ["unix"],
        "getaddrinfo": ["localhost", "0", "80"]}
LEFT_OUT = {"sock", "sock_accept"}
# What only the command line does: its timer.
OURS = {"setitimer"}


def allowed():
    """The table of the filter, and the calls with a rule of their own."""
    with open(f"{TOP}/src/sandbox/wasm_filter.c") as f:
        names = set(re.findall(r"__NR_(\w+)", f.read()))
    # strace calls some by the C library's name.
    return names | {n.replace("preadv", "pread64").replace("fadvise64",
                                                           "fadvise64_64")
                    for n in names}


def make_tree(path):
    inside = f"{path}/in"
    os.makedirs(f"{inside}/dir")
    os.makedirs(f"{inside}/many")
    os.makedirs(f"{path}/outside")
    for name in ["file", "dir/a", "dir/b"]:
        with open(f"{inside}/{name}", "w") as f:
            f.write("hello, world")
    os.symlink("file", f"{inside}/link")
    os.symlink("../outside", f"{inside}/evil")
    os.symlink("loop", f"{inside}/loop")
    for i in range(150):
        open(f"{inside}/many/f{i}", "w").close()
    for i in range(20):
        open(f"{inside}/many/x{i}", "w").close()
    return inside


def trace(strace, source):
    """The names of the calls after the program was started."""
    name = os.path.basename(source)[:-2]
    prefix = "sock-" if "/sockets/" in source else ""
    module = wasm.build(os.path.relpath(source, TOP),
                        name=f"{prefix}{name}.wasm")
    with tempfile.TemporaryDirectory() as d:
        inside = make_tree(d)
        log = f"{d}/log"
        quiet_r, quiet_w = os.pipe()
        subprocess.run([strace, "-f", "-qq", "-o", log, HULL, "wasm", "run",
                        "--dir", f"{inside}::/", module, *ARGS.get(name, [])],
                       stdin=quiet_r, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60, check=False)
        os.close(quiet_r)
        os.close(quiet_w)
        with open(log) as f:
            lines = f.read().splitlines()
    calls, started = set(), False
    for line in lines:
        started = started or "rt_sigaction(SIGPIPE, {sa_handler=SIG_IGN" \
            in line
        call = re.match(r"\d+ +(\w+)\(", line)
        if started and call:
            calls.add(call[1])
    return calls


def sources():
    return [s for s in sorted(glob.glob(f"{TOP}/tests/wasm/wasi/*.c") +
                              glob.glob(f"{TOP}/tests/wasm/sockets/*.c"))
            if os.path.basename(s)[:-2] not in LEFT_OUT]


def one_test(source):
    @test(f"system calls of {os.path.relpath(source, TOP)}")
    def _(t):
        calls = trace(need_program("strace"), source)
        t.check("exit_group" in calls, f"strace saw no program: {calls}")
        t.equal(sorted(calls - allowed() - OURS), [],
                "what the filter would refuse")


if sys.argv[1:2] == ["list"]:
    users = {}
    for s in sources():
        for c in trace("strace", s):
            users.setdefault(c, []).append(os.path.basename(s)[:-2])
    for c, by in sorted(users.items()):
        print(c, *(by if len(by) < 8 else ["(most)"]))
    sys.exit(0)
for s in sources():
    one_test(s)
main()
