#!/usr/bin/env python3
"""A container's life: create, start, state, kill, delete, and their order."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403


def ended(pid):
    """No such process, or one that only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@test("run passes output and exit code on and leaves nothing")
def _(t):
    need_root()
    r = t.run("echo out; echo err >&2; exit 7", status=7)
    t.equal(r.stdout, "out\n")
    t.equal(r.stderr, "err\n")
    t.nothing_left()


@test("run of a program that is killed exits with 128 + signal")
def _(t):
    need_root()
    b = t.bundle("echo ready; sleep 100")
    c = t.id()
    p = t.start_hull("run", "--bundle", b.path, c)
    t.equal(p.stdout.readline(), "ready\n")
    t.hull("kill", c, "KILL")
    p.communicate(timeout=10)
    t.equal(p.returncode, 137)
    t.nothing_left()


@test("stdin reaches the program")
def _(t):
    need_root()
    t.equal(t.run("cat", input="hello").stdout, "hello")


@test("created, running, stopped: state tells which")
def _(t):
    need_root()
    c = t.created("sleep 100")
    s = t.state(c)
    t.equal(s["status"], "created")
    t.equal(s["ociVersion"][:2], "1.")
    t.equal(s["id"], c)
    t.check(s["pid"] > 0, "no pid")
    t.check(os.path.isabs(s["bundle"]), "bundle is not absolute")
    t.equal(s["sandbox"], "namespaces")
    with open(f"/proc/{s['pid']}/cmdline") as f:
        t.has(f.read(), "create")
    t.hull("start", c)
    t.equal(t.state(c)["status"], "running")
    with open(f"/proc/{s['pid']}/cmdline") as f:
        t.has(f.read(), "sleep")
    t.hull("kill", c, "KILL")
    t.wait_status(c, "stopped")
    t.equal(t.state(c)["pid"], 0)
    t.hull("delete", c)
    t.nothing_left()
    t.one_line(t.hull("state", c, fails=True).stderr, c, "does not exist")


@test("annotations come back in state")
def _(t):
    need_root()
    c = t.created(t.bundle("true", {"annotations": {"a.b": "c \"d\""}}))
    t.equal(t.state(c)["annotations"], {"a.b": "c \"d\""})


@test("start twice, start of a running and of no container are errors")
def _(t):
    need_root()
    c = t.running("sleep 100")
    t.one_line(t.hull("start", c, fails=True).stderr, "running")
    t.one_line(t.hull("start", "nobody", fails=True).stderr,
               '"nobody" does not exist')


@test("an id can be used once")
def _(t):
    need_root()
    b = t.bundle("sleep 100")
    c = t.created(b)
    r = t.hull("create", "--bundle", b.path, c, fails=True)
    t.one_line(r.stderr, c, "exists")
    t.equal(t.state(c)["status"], "created")


@test("delete refuses a running container, and force kills it")
def _(t):
    need_root()
    c = t.running("sleep 100")
    pid = t.state(c)["pid"]
    t.one_line(t.hull("delete", c, fails=True).stderr, "running")
    t.hull("delete", "--force", c)
    t.check(ended(pid), "init is still there")
    t.nothing_left()
    t.hull("delete", "--force", c)
    t.one_line(t.hull("delete", c, fails=True).stderr, "does not exist")


@test("delete of a created container ends its init")
def _(t):
    need_root()
    c = t.created("sleep 100")
    pid = t.state(c)["pid"]
    t.hull("delete", c)
    t.check(ended(pid), "init is still there")


@test("kill takes names, numbers and nothing")
def _(t):
    need_root()
    script = ("trap 'echo term; exit 0' TERM; trap 'echo usr1' USR1; "
              "trap 'echo rt' RTMIN; echo ready; "
              "while :; do sleep 0.05; done")
    c = t.running(script)
    t.wait_until(lambda: "ready" in t.output(c), "the traps are set")
    for word, said in [("USR1", "usr1"), ("SIGUSR1", "usr1\nusr1"),
                       (str(int(signal.SIGUSR1)), "usr1\nusr1\nusr1")]:
        t.hull("kill", c, word)
        t.wait_until(lambda: said in t.output(c), f"{word} arrived")
    t.one_line(t.hull("kill", c, "NONE", fails=True).stderr, "NONE")
    t.hull("kill", c)
    t.wait_status(c, "stopped")
    t.has(t.output(c), "term")
    t.one_line(t.hull("kill", c, fails=True).stderr,
               "container not running")
    t.hull("kill", "--all", c, "9")


@test("kill --all reaches every process, also without a pid namespace")
def _(t):
    need_root()
    need_controller("pids")
    b = t.bundle("sleep 100 & sleep 100 & wait")
    b.spec["linux"]["namespaces"] = [
        n for n in b.spec["linux"]["namespaces"] if n["type"] != "pid"]
    b.write()
    c = t.running(b)
    t.wait_until(lambda: len(json.loads(
        t.hull("ps", "--format", "json", c).stdout)) == 3, "all run")
    pids = json.loads(t.hull("ps", "--format", "json", c).stdout)
    t.hull("kill", "--all", c, "KILL")
    t.wait_until(lambda: all(map(ended, pids)), "all are gone")
    t.hull("delete", "--force", c)


@test("list and ps show what is there")
def _(t):
    need_root()
    a = t.created("true")
    b = t.running("sleep 100")
    rows = json.loads(t.hull("list", "--format", "json").stdout)
    t.equal({r["id"]: r["status"] for r in rows},
            {a: "created", b: "running"})
    t.equal(sorted(t.hull("list", "-q").lines), sorted([a, b]))
    table = t.hull("list").lines
    t.equal(table[0].split()[:3], ["ID", "PID", "STATUS"])
    t.equal(len(table), 3)
    t.has(t.hull("ps", b).stdout, "sleep 100")
    t.has(t.hull("ps", b).lines[0], "PID")


@test("pid file, pidfd socket, detach")
def _(t):
    need_root()
    import array
    import socket
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(t.path("pidfd.sock"))
    sock.listen()
    c = t.running("sleep 100", "--pid-file", t.path("pid"),
                  "--pidfd-socket", t.path("pidfd.sock"))
    with open(t.path("pid")) as f:
        t.equal(int(f.read()), t.state(c)["pid"])
    conn, _ = sock.accept()
    fds = array.array("i")
    _, anc, _, _ = conn.recvmsg(64, socket.CMSG_LEN(4))
    fds.frombytes(anc[0][2][:4])
    with open(f"/proc/self/fdinfo/{fds[0]}") as f:
        t.has(f.read(), f"Pid:\t{t.state(c)['pid']}")
    os.close(fds[0])


@test("pause freezes and resume thaws")
def _(t):
    need_root()
    need_controller("freezer")
    c = t.running("while :; do echo x; sleep 0.02; done")
    t.wait_until(lambda: t.output(c), "it writes")
    t.hull("pause", c)
    t.equal(t.state(c)["status"], "paused")
    before = len(t.output(c))
    time.sleep(0.2)
    t.equal(len(t.output(c)), before, "what a frozen container wrote")
    t.one_line(t.hull("exec", c, "true", fails=True).stderr, "paused")
    t.hull("resume", c)
    t.wait_until(lambda: len(t.output(c)) > before, "it writes again")
    t.hull("pause", c)
    t.hull("delete", "--force", c)
    t.nothing_left()


@test("a paused container can be killed")
def _(t):
    need_root()
    need_controller("freezer")
    c = t.running("sleep 100")
    t.hull("pause", c)
    t.hull("kill", c, "KILL")
    t.wait_status(c, "stopped")
    t.hull("delete", c)


@test("update changes limits, from options and from a document")
def _(t):
    need_root()
    memory = need_controller("memory")
    c = t.running(t.bundle("sleep 100", {
        "linux": {"resources": {"memory": {"limit": 64 << 20}}}}))
    limit = None
    for base, _, files in os.walk(memory):
        if base.endswith("/" + c):
            limit = os.path.join(base, "memory.limit_in_bytes"
                                 if "memory.limit_in_bytes" in files
                                 else "memory.max")
    t.check(limit, "no cgroup of that name")

    def now():
        with open(limit) as f:
            return int(f.read())
    t.equal(now(), 64 << 20)
    t.hull("update", "--memory", "128M", c)
    t.equal(now(), 128 << 20)
    t.hull("update", "--resources", "-", c,
           input='{"memory": {"limit": 33554432}}')
    t.equal(now(), 32 << 20)
    t.one_line(t.hull("update", "--memory", "lots", c, fails=True).stderr,
               "--memory", "lots")
    t.one_line(t.hull("update", "--resources", "-", c, fails=True,
                      input='{"memory": {"limit": "x"}}').stderr,
               "memory.limit")


@test("events --stats counts")
def _(t):
    need_root()
    need_controller("memory")
    c = t.running("sleep 100")
    e = json.loads(t.hull("events", "--stats", c).stdout)
    t.equal(e["type"], "stats")
    t.equal(e["id"], c)
    t.check(e["data"]["memory"]["usage"]["usage"] > 0, "no memory in use")
    t.check(e["data"]["pids"]["current"] >= 1, "no process counted")
    p = t.start_hull("events", "--interval", "50ms", c)
    json.loads(p.stdout.readline())
    json.loads(p.stdout.readline())
    t.hull("delete", "--force", c)
    p.communicate(timeout=10)
    t.equal(p.returncode, 0, "events' exit status when it is deleted")


@test("hull killed at create leaves what delete --force removes")
def _(t):
    need_root()
    b = t.bundle("sleep 100", {"hooks": {"createRuntime": [
        {"path": "/bin/sh", "args": [
            "sh", "-c", f"echo $$ > {t.path('hook')}; exec sleep 60"]}]}})
    c = t.id()
    p = t.start_hull("create", "--bundle", b.path, c)
    t.wait_until(lambda: os.path.exists(t.path("hook")) and
                 open(t.path("hook")).read(), "its hook runs")
    t.equal(t.state(c)["status"], "creating")
    pid = t.state(c)["pid"]
    p.kill()
    p.communicate()
    t.wait_until(lambda: ended(pid), "init went with it")
    with open(t.path("hook")) as f:
        os.kill(int(f.read()), signal.SIGKILL)
    t.equal(t.state(c)["status"], "stopped")
    t.hull("delete", "--force", c)
    t.nothing_left()


@test("run ended by SIGTERM passes it on")
def _(t):
    need_root()
    b = t.bundle("trap 'echo got it; exit 3' TERM; echo ready; "
                 "while :; do sleep 0.05; done")
    c = t.id()
    p = t.start_hull("run", "--bundle", b.path, c)
    t.equal(p.stdout.readline(), "ready\n")
    p.send_signal(signal.SIGTERM)
    out, _ = p.communicate(timeout=10)
    t.equal(out, "got it\n")
    t.equal(p.returncode, 3)
    t.nothing_left()


@test("two deletes at once: both end, one container is gone")
def _(t):
    need_root()
    for _ in range(5):
        c = t.running("sleep 100")
        ps = [t.start_hull("delete", "--force", c) for _ in range(3)]
        for p in ps:
            _, err = p.communicate(timeout=20)
            t.equal(p.returncode, 0, f"a delete ({err})")
        t.nothing_left()


@test("a delete against a start ends in one of two states")
def _(t):
    need_root()
    for _ in range(5):
        c = t.created("sleep 100")
        a = t.start_hull("start", c)
        d = t.start_hull("delete", "--force", c)
        a.communicate(timeout=20)
        d.communicate(timeout=20)
        t.equal(d.returncode, 0, "delete")
        t.nothing_left()


@test("many at once")
def _(t):
    need_root()
    b = t.bundle("echo done")
    ps = [(t.start_hull("run", "--bundle", b.path, t.id())) for _ in range(20)]
    for p in ps:
        out, err = p.communicate(timeout=30)
        t.equal((out, err, p.returncode), ("done\n", "", 0))
    t.nothing_left()


@test("kill and delete take a regular expression")
def _(t):
    need_root()
    a, b = t.running("sleep 100"), t.running("sleep 100")
    t.hull("kill", "--regex", "^hull-test-.*$", "KILL")
    t.wait_status(a, "stopped")
    t.wait_status(b, "stopped")
    t.hull("delete", "--regex", "^hull-test-.*$")
    t.nothing_left()


main()
