#!/usr/bin/env python3
"""Every command once, built with the address and undefined sanitizers.

    meson setup build-asan -Db_sanitize=address,undefined -Dstatic=false
    ninja -C build-asan bin/hull

What a command keeps until it ends has to be reachable then: a leak is memory
that was lost on the way.  Not looked for in exec, since the children of a
process that has joined a pid namespace, the sanitizer's among them, cannot
trace it.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hull as lib  # noqa: E402
from hull import *  # noqa: E402,F403

SANITIZED = os.environ.get("HULL_ASAN",
                           os.path.join(lib.TOP, "build-asan/bin/hull"))
BAD_STATUS = 99


def go(t, *args, **kw):
    """Run it; its result is not judged, but what the sanitizers say is."""
    leaks = args[0] != "exec"
    env = {**os.environ, "ASAN_OPTIONS":
           f"exitcode={BAD_STATUS}:detect_leaks={leaks:d}",
           "UBSAN_OPTIONS": f"halt_on_error=1:exitcode={BAD_STATUS}"}
    # A file, since a container that was made would keep a pipe open.
    with open(t.path("stderr"), "w+") as err:
        status = subprocess.run(t.hull_argv(*args), env=env, stderr=err,
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL,
                                timeout=60, **kw).returncode
        err.seek(0)
        said = err.read()
    if status == BAD_STATUS or "Sanitizer" in said or \
            "runtime error" in said:
        raise lib.Failure(f"hull {' '.join(args)}: {said:.3000}")
    return status


def need_sanitized():
    if not os.access(SANITIZED, os.X_OK):
        skip("sanitizers", "no build-asan (this file says how to make it)")
    lib.HULL = SANITIZED


@test("no leak and nothing undefined in commands without a container")
def _(t):
    need_sanitized()
    for args in (["--version"], ["--help"], ["run", "--help"], ["features"],
                 ["list"], ["list", "-f", "json"], ["state", "absent"],
                 ["delete", "--force", "absent"], ["nonsense"],
                 ["spec", "--bundle", t.dir], ["spec", "--nonsense"],
                 ["run", "--bundle", "/nonexistent", "x"],
                 ["--log", "/nonexistent/log", "list"]):
        go(t, *args)


@test("no leak and nothing undefined in a container's life")
def _(t):
    need_sanitized()
    need_root()
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
    b = t.bundle("sleep 100")
    del os.environ["ASAN_OPTIONS"]
    c = t.id()
    for args in (["create", "--bundle", b.path, "--pid-file", t.path("pid"),
                  c],
                 ["state", c], ["start", c], ["list"], ["ps", c],
                 ["ps", "-f", "json", c],
                 ["exec", "-e", "A=b", "-u", "1:1", "-g", "3", "--cap",
                  "CAP_KILL", c, "true"],
                 ["pause", c], ["resume", c],
                 ["update", "--memory", "64M", c], ["events", "--stats", c],
                 ["kill", "--all", c, "0"], ["kill", c, "KILL"],
                 ["delete", "--force", c]):
        t.equal(go(t, *args), 0, f"the exit status of {args}")


@test("no leak and nothing undefined in run, with hooks, seccomp, failures")
def _(t):
    need_sanitized()
    need_root()
    full = {"hooks": {"createRuntime": [{"path": "/bin/true"}],
                      "poststop": [{"path": "/bin/true"}]},
            "linux": {"seccomp": {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": ["reboot"],
                              "action": "SCMP_ACT_ERRNO"}]}}}
    for status, changes in [
            (4, full), (127, {"process": {"args": ["/nothing"]}}),
            (1, {"root": {"path": "absent"}}),
            (1, {"process": {"user": {"uid": -1}}}),
            (1, {"hooks": {"createRuntime": [{"path": "/bin/false"}]}})]:
        b = t.bundle("exit 4")
        b.change(changes)
        t.equal(go(t, "run", "--bundle", b.path, t.id()), status, "status")


main()
