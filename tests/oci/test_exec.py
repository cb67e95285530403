#!/usr/bin/env python3
"""exec: a further process in a running container."""
import json
import os
import pty
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403


@test("output, stdin and exit code")
def _(t):
    need_root()
    c = t.running("sleep 100")
    r = t.hull("exec", c, "sh", "-c", "cat; echo err >&2; exit 9",
               input="in", status=9)
    t.equal((r.stdout, r.stderr), ("in", "err\n"))
    t.hull("exec", c, "sh", "-c", "kill -9 $$", status=137)


@test("it is in all namespaces and in the cgroup of the container")
def _(t):
    need_root()
    c = t.running("sleep 100")
    pid = t.state(c)["pid"]
    out = t.hull("exec", c, "sh", "-c",
                 "for n in ipc mnt net pid uts cgroup; do "
                 "readlink /proc/self/ns/$n; done; "
                 "cat /proc/self/cgroup; cat /proc/1/cgroup").lines
    for got, name in zip(out, ["ipc", "mnt", "net", "pid", "uts", "cgroup"]):
        t.equal(got, os.readlink(f"/proc/{pid}/ns/{name}"), name)
    rest = out[6:]
    t.equal(rest[:len(rest) // 2], rest[len(rest) // 2:], "cgroups")


@test("options: user, groups, cwd, env, no_new_privs, capabilities")
def _(t):
    need_root()
    c = t.running(t.bundle("sleep 100",
                           {"process": {"noNewPrivileges": False}}))
    r = t.hull("exec", "--user", "1000:1001", "--additional-gids", "5",
               "-g", "6,7", "--cwd", "/tmp", "--env", "A=b c", "-e",
               "HOME=/h", "--no-new-privs", "--cap", "CAP_NET_RAW", c, "sh",
               "-c", "id -u; id -G; pwd; echo $A $HOME; "
               "grep -E 'NoNew|CapEff' /proc/self/status")
    t.equal(r.lines[:4], ["1000", "1001 5 6 7", "/tmp", "b c /h"])
    t.has(r.stdout, "NoNewPrivs:\t1")
    eff = int(r.lines[4].split()[-1], 16)
    t.check(eff & 1 << 13, "no CAP_NET_RAW")
    t.hull("exec", "--user", "1000", c, "sh", "-c", "exit $(id -u | wc -c)",
           status=5)


@test("--process FILE")
def _(t):
    need_root()
    c = t.running("sleep 100")
    with open(t.path("p.json"), "w") as f:
        json.dump({"args": ["sh", "-c", "pwd; echo $X; id -u"], "cwd": "/tmp",
                   "env": ["PATH=/bin", "X=y"],
                   "user": {"uid": 7, "gid": 7}}, f)
    t.equal(t.hull("exec", "--process", t.path("p.json"), c).lines,
            ["/tmp", "y", "7"])
    with open(t.path("p.json"), "w") as f:
        f.write('{"args": ["sh"], "cwd": 5}')
    t.one_line(t.hull("exec", "--process", t.path("p.json"), c,
                      fails=True).stderr, "p.json", "cwd")


@test("127 and 126")
def _(t):
    need_root()
    c = t.running("sleep 100")
    t.one_line(t.hull("exec", c, "nothing", status=127).stderr,
               "executable file not found")
    t.one_line(t.hull("exec", c, "/etc/passwd", status=126).stderr,
               "permission denied")
    t.one_line(t.hull("exec", c, fails=True).stderr, "no program")


@test("detached, with a pid file")
def _(t):
    need_root()
    c = t.running("sleep 100")
    with open(t.path("out"), "w") as out:
        t.hull("exec", "--detach", "--pid-file", t.path("pid"), c, "sh",
               "-c", "echo here; exec sleep 50", stdout=out, stderr=out)
    with open(t.path("pid")) as f:
        pid = int(f.read())
    with open(f"/proc/{pid}/cmdline") as f:
        t.has(f.read(), "s")
    t.wait_until(lambda: open(t.path("out")).read() == "here\n", "it wrote")
    t.equal(len(json.loads(t.hull("ps", "--format", "json", c).stdout)), 2)


@test("a terminal of its own")
def _(t):
    need_root()
    c = t.running("sleep 100")
    master, slave = pty.openpty()
    p = t.start_hull("exec", "--tty", c, "sh", "-c",
                     "tty; read x; echo got $x; exit 4", stdin=slave,
                     stdout=slave, stderr=slave)
    os.close(slave)
    os.write(master, b"word\n")
    data = b""
    while True:
        try:
            more = os.read(master, 1000)
        except OSError:
            break
        data += more
        if not more:
            break
    os.close(master)
    p.wait(timeout=10)
    t.equal(p.returncode, 4)
    t.has(data.decode(), "/dev/pts/0")
    t.has(data.decode(), "got word")


@test("in a created container, and not in a stopped or unknown one")
def _(t):
    need_root()
    c = t.created("true")
    t.equal(t.hull("exec", c, "echo", "x").stdout, "x\n")
    t.hull("start", c)
    t.wait_status(c, "stopped")
    t.one_line(t.hull("exec", c, "true", fails=True).stderr, "stopped")
    t.one_line(t.hull("exec", "nobody", "true", fails=True).stderr,
               "does not exist")


@test("a cgroup below the container's")
def _(t):
    need_root()
    pids = need_controller("pids")
    c = t.running("sleep 100")
    top = None
    for base, dirs, _ in os.walk(pids):
        if c in dirs:
            top = os.path.join(base, c)
    t.check(top, "no cgroup of that name")
    os.mkdir(f"{top}/sub")
    out = t.hull("exec", "--cgroup", "pids:sub", c, "cat",
                 "/proc/self/cgroup").stdout
    t.has(out, f"{c}/sub\n")
    t.one_line(t.hull("exec", "--cgroup", "pids:none", c, "true",
                      fails=True).stderr, "none")


@test("it takes the limits and the filter of the container")
def _(t):
    need_root()
    b = t.bundle("sleep 100", {
        "process": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 64,
                                 "hard": 64}]},
        "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO",
             "errnoRet": 5}]}}})
    c = t.running(b)
    r = t.hull("exec", c, "sh", "-c", "ulimit -n; mkdir /tmp/x", status=1)
    t.equal(r.stdout, "64\n")
    t.has(r.stderr, "Input/output error")


@test("kill -9 of hull does not end a detached program")
def _(t):
    need_root()
    c = t.running("sleep 100")
    p = t.start_hull("exec", c, "sleep", "60", stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
    t.wait_until(lambda: "sleep 60" in t.hull("ps", c).stdout, "it runs")
    p.kill()
    p.wait()
    t.has(t.hull("ps", c).stdout, "sleep 60")


main()
