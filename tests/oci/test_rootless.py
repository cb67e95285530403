#!/usr/bin/env python3
"""hull as an ordinary user: run, exec, do, without any privilege."""
import os
import pwd
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403
import wasm  # noqa: E402


def user():
    """Someone who is not root, and whether we have to become him."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    p = pwd.getpwnam("nobody")
    return p.pw_uid, p.pw_gid


def need_userns():
    uid, gid = user()
    r = subprocess.run(["unshare", "-U", "true"], capture_output=True,
                       **({"user": uid, "group": gid, "extra_groups": []}
                          if os.geteuid() == 0 else {}))
    if r.returncode:
        skip("userns", "an ordinary user may not make a user namespace: " +
             r.stderr.decode().strip())


def as_user(t):
    """Options for start_hull that make it run as that user."""
    need_userns()
    uid, gid = user()
    if os.geteuid() == 0:
        for base, dirs, files in os.walk(t.dir):
            for name in dirs + files:
                os.lchown(os.path.join(base, name), uid, gid)
        os.chown(t.dir, uid, gid)
        return {"user": uid, "group": gid, "extra_groups": [],
                "env": {"PATH": os.environ["PATH"], "HOME": t.dir}}
    return {}


@test("run: root inside, the user outside, nothing left")
def _(t):
    b = t.bundle("id -u; cat /proc/self/uid_map; echo x > /root/f; "
                 "ps | wc -l; exit 3", {"root": {"readonly": False}})
    how = as_user(t)
    r = t.run(b, status=3, **how)
    t.equal(r.lines[0], "0")
    t.equal(r.lines[1].split(), ["0", str(user()[0]), "1"])
    t.equal(os.stat(f"{b.rootfs}/root/f").st_uid, user()[0])
    t.nothing_left()


@test("what hull spec --rootless writes runs")
def _(t):
    b = t.bundle("echo ok")
    how = as_user(t)
    os.unlink(f"{b.path}/config.json")
    t.hull("spec", "--rootless", "--bundle", b.path, **how)
    with open(f"{b.path}/config.json") as f:
        spec = json.load(f)
    spec["process"].update(terminal=False, args=["echo", "ok"])
    with open(f"{b.path}/config.json", "w") as f:
        json.dump(spec, f)
    t.equal(t.run(b, **how).stdout, "ok\n")


@test("create, start, exec, kill, delete")
def _(t):
    b = t.bundle("sleep 100")
    how = as_user(t)
    c = t.id()
    null = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    t.hull("create", "--bundle", b.path, c, **null, **how)
    t.hull("start", c, **how)
    t.equal(t.hull("exec", c, "sh", "-c", "id -u; echo $$ > /dev/null",
                   **how).stdout, "0\n")
    t.hull("exec", c, "nothing", status=127, **how)
    t.hull("kill", c, "KILL", **how)
    t.wait_until(lambda: json.loads(t.hull("state", c, **how).stdout)
                 ["status"] == "stopped", "it is stopped")
    t.hull("delete", c, **how)
    t.nothing_left()


@test("a module: run, and exec of another")
def _(t):
    b = t.bundle()
    shutil.copy(wasm.build("tests/wasm/cli/container.c"),
                b.rootfs + "/app.wasm")
    b.change({"process": {"args": ["/app.wasm", "sleep"]}})
    how = as_user(t)
    c = t.id()
    null = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    t.hull("create", "--bundle", b.path, c, **null, **how)
    t.hull("start", c, **how)
    t.equal(t.hull("exec", c, "/app.wasm", "exit", "7", status=7, **how).stdout,
            "")
    t.hull("kill", c, "KILL", **how)
    t.wait_until(lambda: json.loads(t.hull("state", c, **how).stdout)
                 ["status"] == "stopped", "it is stopped")
    t.hull("delete", c, **how)
    t.nothing_left()


@test("a limit that cannot be had is an error, not silence")
def _(t):
    b = t.bundle("true", {"linux": {"resources": {
        "memory": {"limit": 64 << 20}}}})
    how = as_user(t)
    r = t.run(b, status=1, **how)
    t.one_line(r.stderr, "cgroup")
    t.nothing_left()


@test("do shows this system, and forgets what is written")
def _(t):
    how = as_user(t)
    r = t.hull("do", "--", "sh", "-c",
               "ls -d /usr; echo x > /tmp/hull-test-do; cat /tmp/hull-test-do",
               **how)
    t.equal(r.lines, ["/usr", "x"])
    t.check(not os.path.exists("/tmp/hull-test-do"), "it was kept")


@test("do --rw keeps what is written there, and passes the exit code on")
def _(t):
    os.mkdir(t.path("keep"))
    how = as_user(t)
    t.hull("do", "--rw", t.path("keep"), "--", "sh", "-c",
           f"echo x > {t.path('keep')}/f; exit 9", status=9, **how)
    with open(t.path("keep/f")) as f:
        t.equal(f.read(), "x\n")


main()
