#!/usr/bin/env python3
"""The six hooks: when, where, with what state, and what a failure does."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403

KINDS = ["prestart", "createRuntime", "createContainer", "startContainer",
         "poststart", "poststop"]


def hook(script, **more):
    return dict({"path": "/bin/sh", "args": ["sh", "-c", script]}, **more)


@test("all six run in their order, with the state on stdin")
def _(t):
    need_root()
    log = t.path("log")
    hooks = {k: [hook(f"echo {k} $(cat) >> {log}")] for k in KINDS
             if k != "startContainer"}
    # In the container there is another root.
    hooks["startContainer"] = [hook("cat > /tmp/state")]
    b = t.bundle("cat /tmp/state; echo", {"hooks": hooks,
                                          "root": {"readonly": False}})
    c = t.created(b)
    pid = t.state(c)["pid"]
    t.hull("start", c)
    t.wait_status(c, "stopped")
    t.hull("delete", c)
    with open(log) as f:
        seen = [line.split(" ", 1) for line in f]
    t.equal([k for k, _ in seen], [k for k in KINDS if k != "startContainer"])
    states = {k: json.loads(s) for k, s in seen}
    for kind in ["prestart", "createRuntime", "createContainer"]:
        t.equal(states[kind]["status"], "creating", kind)
    t.equal(states["poststart"]["status"], "running")
    t.equal(states["poststop"]["status"], "stopped")
    for kind in ["prestart", "createRuntime", "createContainer", "poststart"]:
        t.equal(states[kind]["pid"], pid, kind)
        t.equal(states[kind]["id"], c, kind)
        t.equal(states[kind]["bundle"], b.path, kind)
    inside = json.loads(t.output(c))
    t.equal(inside["status"], "created")
    t.equal(inside["pid"], pid)


@test("createRuntime runs on the host, createContainer in the namespaces")
def _(t):
    need_root()
    a, b2 = t.path("a"), t.path("b")
    b = t.bundle("readlink /proc/self/ns/uts", {"hooks": {
        "createRuntime": [hook(f"readlink /proc/self/ns/uts > {a}")],
        "createContainer": [hook(f"readlink /proc/self/ns/uts > {b2}")]}})
    inside = t.run(b).stdout.strip()
    with open(a) as f:
        t.equal(f.read().strip(), os.readlink("/proc/self/ns/uts"))
    with open(b2) as f:
        t.equal(f.read().strip(), inside)


@test("a hook sees the mounts of the container, before pivot_root")
def _(t):
    need_root()
    b = t.bundle("ls /dev/made", {})
    b.change({"hooks": {"createRuntime": [hook(
        "pid=$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/'); "
        f"nsenter -t $pid -m touch {b.rootfs}/dev/made")]}})
    need_program("nsenter")
    t.equal(t.run(b).stdout, "/dev/made\n")


@test("a failure before start undoes everything and names the hook")
def _(t):
    need_root()
    for kind in ["prestart", "createRuntime", "createContainer"]:
        b = t.bundle("true", {"hooks": {kind: [
            hook("true"), hook("echo no such card >&2; exit 3")]}})
        t.one_line(t.run(b, status=1).stderr, f"hooks.{kind}[1]",
                   "status 3", "no such card")
        t.nothing_left()


@test("a failing startContainer hook stops the start")
def _(t):
    need_root()
    b = t.bundle("echo ran", {"hooks": {"startContainer": [hook("exit 1")]}})
    r = t.run(b, status=1)
    t.equal(r.stdout, "")
    t.one_line(r.stderr, "hooks.startContainer[0]")
    t.nothing_left()


@test("failing poststart and poststop hooks are only told")
def _(t):
    need_root()
    b = t.bundle("echo ran; exit 6", {"hooks": {
        "poststart": [hook("exit 1")], "poststop": [hook("exit 1")]}})
    r = t.run(b, status=6)
    t.equal(r.stdout, "ran\n")
    t.has(r.stderr, "hooks.poststart[0]")
    t.has(r.stderr, "hooks.poststop[0]")
    t.nothing_left()


@test("a timeout kills, and fails")
def _(t):
    need_root()
    b = t.bundle("true", {"hooks": {"createRuntime": [
        hook("exec sleep 30", timeout=1)]}})
    t.one_line(t.run(b, status=1, timeout=15).stderr, "timeout of 1 s")
    t.nothing_left()


@test("env is exactly what the document says")
def _(t):
    need_root()
    log = t.path("env")
    b = t.bundle("true", {"hooks": {"createRuntime": [
        hook(f"env > {log}", env=["A=b"])]}})
    t.run(b, env={**os.environ, "SECRET": "x"})
    with open(log) as f:
        text = f.read()
    t.has(text, "A=b")
    t.check("SECRET" not in text, text)


@test("output can be kept in files, by crun's annotations")
def _(t):
    need_root()
    b = t.bundle("true", {
        "annotations": {"run.oci.hooks.stdout": t.path("o"),
                        "run.oci.hooks.stderr": t.path("e")},
        "hooks": {"createRuntime": [hook("echo out; echo err >&2")]}})
    t.run(b)
    with open(t.path("o")) as o, open(t.path("e")) as e:
        t.equal((o.read(), e.read()), ("out\n", "err\n"))


main()
