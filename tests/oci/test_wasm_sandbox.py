#!/usr/bin/env python3
"""WebAssembly modules as containers.
# timeout: 300
"""
import os
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
from hull import *  # noqa: E402,F403
from hull import main, need_controller, need_root, test  # noqa: E402
import wasm  # noqa: E402


def wasm_bundle(t, *args, name="/app.wasm", changes=None, mode=0o644):
    """A bundle whose program is the test module."""
    need_root()
    b = t.bundle(changes=changes)
    shutil.copy(wasm.build("tests/wasm/cli/container.c"),
                b.rootfs + "/app.wasm")
    os.chmod(b.rootfs + "/app.wasm", mode)
    return b.change({"process": {"args": [name, *args]}})


@test("a module runs without any annotation, and its exit status counts")
def _(t):
    r = t.run(wasm_bundle(t, "args", "x y"))
    t.equal(r.lines, ["/app.wasm", "args", "x y"])
    t.run(wasm_bundle(t, "exit", "7"), status=7)
    t.nothing_left()


@test("a trap ends it with 134, and a trace on standard error")
def _(t):
    r = t.run(wasm_bundle(t, "trap"), status=134)
    t.has(r.stderr, "trap: unreachable")
    t.has(r.stderr, "_start")


@test("recursion without end is a trap, whatever the limit of the stack")
def _(t):
    for limit in [8 << 20, 1 << 40]:
        r = t.run(wasm_bundle(t, "recurse", changes={"process": {"rlimits": [
            {"type": "RLIMIT_STACK", "soft": limit, "hard": limit}]}}),
            status=134)
        t.has(r.stderr, "call stack exhausted")


@test("the module is found by a bare name, and by an export's name")
def _(t):
    for name in ["app.wasm", "./app.wasm", "/app.wasm"]:
        t.equal(t.run(wasm_bundle(t, "args", name=name)).lines[0], name)
    r = t.run(wasm_bundle(t, name="/app.wasm#other"))
    t.equal(r.stdout, "other\n")
    r = t.run(wasm_bundle(t, name="/app.wasm#none"), status=None)
    t.check(r.status != 0, "an export that is not there was called")
    t.has(r.stderr, "none")


@test("each way to ask for the sandbox")
def _(t):
    for annotations in [{"dev.hull.sandbox": "wasm"},
                        {"run.oci.handler": "wasm"},
                        {"run.oci.handler": "wasm-smart"},
                        {"module.wasm.image/variant": "compat"},
                        {"module.wasm.image/variant": "compat-smart"}]:
        b = wasm_bundle(t, "args", changes={"annotations": annotations})
        t.equal(t.run(b).lines, ["/app.wasm", "args"], str(annotations))
    r = t.hull("--sandbox", "wasm", "run", "--bundle",
               wasm_bundle(t, "args").path, t.id())
    t.equal(r.lines, ["/app.wasm", "args"])


@test("the smart variants leave native programs alone")
def _(t):
    for annotations in [{"run.oci.handler": "wasm-smart"},
                        {"module.wasm.image/variant": "compat-smart"}]:
        b = t.bundle("echo native", changes={"annotations": annotations})
        t.equal(t.run(b).stdout, "native\n")


@test("a native program under wasm is a clear error, at create")
def _(t):
    need_root()
    b = t.bundle("true", changes={"annotations": {"dev.hull.sandbox":
                                                  "wasm"}})
    r = t.hull("create", "--bundle", b.path, t.id(), fails=True)
    t.one_line(r.stderr, "not a WebAssembly module", "namespaces")
    t.nothing_left()


@test("a module under namespaces is an error with the hint")
def _(t):
    b = wasm_bundle(t, mode=0o755, changes={"annotations": {
        "dev.hull.sandbox": "namespaces"}})
    r = t.run(b, status=None)
    t.check(r.status != 0, "it ran")
    t.has(r.stderr, "--sandbox wasm")
    t.nothing_left()


@test("a module that is broken, missing or needs more fails at create")
def _(t):
    b = wasm_bundle(t)
    with open(b.rootfs + "/app.wasm", "rb") as f:
        whole = f.read()
    for name, data, text in [
            ("cut", whole[:500], "unexpected end"),
            ("import", b"\0asm\1\0\0\0\1\4\1\x60\0\0\2\x09\1\3env\1f\0\0",
             "env.f"),
            ("text", None, "No such")]:
        path = f"{b.rootfs}/{name}.wasm"
        if data is not None:
            with open(path, "wb") as f:
                f.write(data)
        b.change({"process": {"args": [f"/{name}.wasm"]},
                  "annotations": {"dev.hull.sandbox": "wasm"}})
        r = t.hull("create", "--bundle", b.path, t.id(), fails=True)
        t.check(r.stderr.startswith("hull: "), r.stderr)
        if name != "text":
            t.has(r.stderr, text)
    t.nothing_left()


@test("its root is the container's, with mounts, and nothing of the host")
def _(t):
    b = wasm_bundle(t, "list", "/")
    os.symlink("/etc/passwd", b.rootfs + "/absolute")
    names = t.run(b).lines
    t.check({"app.wasm", "etc", "proc", "dev"} <= set(names), str(names))
    b.change({"process": {"args": ["/app.wasm", "cat", "/absolute"]}})
    t.has(t.run(b).stdout, "user:x:1000")
    # /proc is the container's own: process 1 is the module.
    b.change({"process": {"args": ["/app.wasm", "cat", "/proc/1/cmdline"]}})
    t.equal(t.run(b).stdout.rstrip("\0"),
            "/app.wasm\0cat\0/proc/1/cmdline")
    b.change({"process": {"args": ["/app.wasm", "cat", "/../../etc/passwd"]}})
    t.has(t.run(b).stdout, "user:x:1000")


@test("a module that rewrites its own file goes on as it was validated")
def _(t):
    b = wasm_bundle(t, "rewrite", "/app.wasm", "0", changes={
        "root": {"readonly": False}})
    with open(b.rootfs + "/file", "w") as f:
        f.write("still here")
    t.has(t.run(b).stdout, "still here")


@test("environment: the container's, and PWD for the working directory")
def _(t):
    b = wasm_bundle(t, "env", changes={"process": {
        "env": ["A=1", "HOME=/h"], "cwd": "/tmp"}})
    t.equal(sorted(t.run(b).lines), ["A=1", "HOME=/h", "PWD=/tmp"])


@test("no capability, no new privileges, two filters")
def _(t):
    b = wasm_bundle(t, "cat", "/proc/1/status", changes={
        "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}})
    status = dict(line.split(":\t", 1) for line in t.run(b).lines
                  if ":\t" in line)
    for kind in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]:
        t.equal(int(status[kind], 16), 0, kind)
    t.equal(status["NoNewPrivs"], "1")
    t.equal(status["Seccomp"], "2")
    t.equal(status["Name"], "app.wasm")


@test("files belong to its user, and a read-only root stays so")
def _(t):
    b = wasm_bundle(t, "write", "/tmp/new", "text", changes={
        "root": {"readonly": False},
        "process": {"user": {"uid": 1000, "gid": 1000}}})
    t.run(b)
    st = os.stat(b.rootfs + "/tmp/new")
    t.equal((st.st_uid, st.st_gid, st.st_size), (1000, 1000, 4))
    b.change({"process": {"args": ["/app.wasm", "write", "/etc/passwd",
                                   "x"]}})
    t.run(b, status=1)
    b.change({"root": {"readonly": True}, "process": {
        "user": {"uid": 0, "gid": 0},
        "args": ["/app.wasm", "write", "/new", "x"]}})
    r = t.run(b, status=1)
    t.has(r.stderr, "Read-only")


@test("SIGTERM and SIGINT end it although it is process 1")
def _(t):
    for sig, what in [("TERM", "sleep"), ("INT", "spin"), ("HUP", "sleep")]:
        p = t.start_hull("run", "--bundle", wasm_bundle(t, what).path,
                         name := t.id())
        t.wait_until(lambda n=name: t.hull("state", n, status=None).status ==
                     0 and t.state(n)["status"] == "running", "it runs")
        time.sleep(0.1)
        t.hull("kill", name, sig)
        t.equal(p.wait(10), 128 + getattr(signal, "SIG" + sig), sig)
        p.communicate()


@test("kill, pause, resume, ps and state work")
def _(t):
    name = t.running(wasm_bundle(t, "sleep"))
    t.wait_until(lambda: "asleep" in t.output(name), "it is asleep")
    t.equal(t.state(name)["status"], "running")
    need_controller("freezer")
    t.hull("pause", name)
    t.equal(t.state(name)["status"], "paused")
    t.hull("resume", name)
    t.has(t.hull("ps", name).stdout, "app.wasm")
    t.hull("kill", name, "KILL")
    t.wait_status(name, "stopped")
    t.hull("delete", name)
    t.nothing_left()


@test("create and start are apart, and start returns while it runs")
def _(t):
    name = t.created(wasm_bundle(t, "sleep"))
    t.equal(t.state(name)["status"], "created")
    t.equal(t.output(name), "")
    t.hull("start", name, timeout=10)
    t.wait_until(lambda: "asleep" in t.output(name), "it is asleep")
    t.equal(t.state(name)["status"], "running")
    t.hull("delete", "--force", name)


@test("exec runs another module, and refuses native programs")
def _(t):
    name = t.running(wasm_bundle(t, "sleep"))
    r = t.hull("exec", name, "/app.wasm", "args", "more")
    t.equal(r.lines, ["/app.wasm", "args", "more"])
    t.hull("exec", name, "/app.wasm", "exit", "9", status=9)
    r = t.hull("exec", "--cap", "CAP_SYS_ADMIN", name, "/app.wasm", "cat",
               "/proc/self/status")
    t.has(r.stdout, "CapEff:\t0000000000000000")
    r = t.hull("exec", name, "/bin/sh", "-c", "true", fails=True)
    t.has(r.stderr, "not a WebAssembly module")
    t.hull("delete", "--force", name)


@test("the memory limit is seen by the guest before the kernel")
def _(t):
    need_controller("memory")
    b = wasm_bundle(t, "allocate", changes={"linux": {"resources": {
        "memory": {"limit": 64 << 20}}}})
    got = int(t.run(b).stdout)
    t.check(40 < got < 57, f"{got} MiB of 64 were allocated")


@test("a terminal is one for the guest, too")
def _(t):
    t.equal(t.run(wasm_bundle(t, "tty")).stdout, "0\n")


@test("nobody but init sees hull's descriptors")
def _(t):
    name = t.running(wasm_bundle(t, "sleep"))
    t.wait_until(lambda: "asleep" in t.output(name), "it is asleep")
    fds = sorted(int(x) for x in
                 os.listdir(f"/proc/{t.state(name)['pid']}/fd"))
    t.equal(fds[:3], [0, 1, 2])
    # Beside them the engine holds the container's root, and nothing else.
    t.equal(len(fds), 4, str(fds))
    t.hull("delete", "--force", name)


main()
