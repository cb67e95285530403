#!/usr/bin/env python3
"""hull do: a program at once, over this system's root."""
import os
import pty
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403

USER = 1000


def as_user(t):
    """A prefix: as an ordinary user, without anything of root's."""
    need_root()
    setpriv = need_program("setpriv")
    # Where hull was built may be out of the user's reach.
    copy = t.path("hull")
    shutil.copy(HULL, copy)
    os.chmod(t.dir, 0o755)
    return [setpriv, f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
            "env", "-u", "XDG_RUNTIME_DIR", copy]


def do(t, script, *options, status=0, user=False):
    """As root, or with `user` as an ordinary one."""
    argv = as_user(t) if user else t.hull_argv()
    r = subprocess.run([*argv, "do", *options, "--", "sh", "-c", script],
                       capture_output=True, text=True, timeout=CALL_TIMEOUT,
                       stdin=subprocess.DEVNULL, check=False, cwd="/")
    if user and "user namespace" in r.stderr:
        skip("userns", "no user namespaces for ordinary users")
    t.equal(r.returncode, status, f"exit status ({r.stderr!r})")
    return r.stdout


def both(t, *args, **kw):
    return [do(t, *args, **kw), do(t, *args, user=True, **kw)]


@test("exit status, output and arguments are the program's")
def _(t):
    need_root()
    for out in both(t, "echo out; exit 6", status=6):
        t.equal(out, "out\n", "output")
    r = t.hull("do", "--", "printf", "%s.", "a b", "-x", "--", "c")
    t.equal(r.stdout, "a b.-x.--.c.", "output")
    # Without -- it ends at the program's name.
    t.equal(t.hull("do", "echo", "--net").stdout, "--net\n", "output")


@test("a program that is not there: 127, one that cannot be run: 126")
def _(t):
    need_root()
    r = t.hull("do", "--", "no-such-program", status=127)
    t.one_line(r.stderr, "no-such-program")
    t.hull("do", "--", "/etc/passwd", status=126)


@test("it sees this system, and its changes are discarded")
def _(t):
    need_root()
    mark = f"/etc/hull-test-{os.getpid()}"
    with open("/etc/passwd") as f:
        first = f.readline()
    script = f"head -n 1 /etc/passwd; echo new >{mark} && cat {mark}; " \
             "rm -f /etc/passwd && echo gone"
    for out in both(t, script):
        t.equal(out, first + "new\ngone\n", "output")
        t.check(not os.path.exists(mark), f"{mark} is on the host")
        t.check(os.path.exists("/etc/passwd"), "/etc/passwd is gone")


@test("--rw keeps changes of one directory, and of no other")
def _(t):
    need_root()
    place = t.path("kept")
    os.mkdir(place)
    for user in (False, True):
        os.chown(place, USER if user else 0, USER if user else 0)
        do(t, f"echo {user} >{place}/file; touch {place}/../other || true",
           "--rw", place, user=user)
        with open(os.path.join(place, "file")) as f:
            t.equal(f.read(), f"{user}\n", "the file")
        t.check(not os.path.exists(t.path("other")), "another was changed")
        os.unlink(os.path.join(place, "file"))


@test("the current directory is entered, or the root where it is gone")
def _(t):
    need_root()
    r = t.hull("do", "--", "pwd", cwd="/usr")
    t.equal(r.stdout, "/usr\n", "pwd")
    r = t.hull("do", "--", "pwd", cwd="/proc/self")
    t.equal(r.stdout, "/\n", "pwd")


@test("processes, names and the network are its own; --net host shares")
def _(t):
    need_root()
    host = os.readlink("/proc/self/ns/net")
    script = "echo $$; readlink /proc/self/ns/net; hostname"
    for out in both(t, script):
        pid, net, _ = out.splitlines()
        t.equal(pid, "1", "pid")
        t.check(net != host, "the network namespace is the host's")
    for out in both(t, "readlink /proc/self/ns/net", "--net", "host"):
        t.equal(out.strip(), host, "network namespace")


@test("root of a container has few capabilities, and gets no more")
def _(t):
    need_root()
    script = "grep -E '^(CapBnd|CapPrm|NoNewPrivs)' /proc/self/status"
    for out in both(t, script):
        fields = dict(x.split(":\t") for x in out.splitlines())
        for cap in (12, 16, 19, 21, 27):  # NET_ADMIN .. MKNOD
            t.check(not int(fields["CapBnd"], 16) >> cap & 1,
                    f"capability {cap}: {fields}")
        t.equal(fields["NoNewPrivs"], "1", "no_new_privs")


@test("the host's devices and its /run are not there")
def _(t):
    need_root()
    with open("/proc/partitions") as f:
        disks = [line.split()[3] for line in f.readlines()[2:]]
    for out in both(t, "ls /dev; ls /run | head -n 1; test -w /dev/null"):
        names = out.split()
        t.check("null" in names, out)
        t.check(not set(disks) & set(names), f"{disks}: {out}")


@test("--memory and --cpus are limits of its cgroup")
def _(t):
    need_root()
    memory, cpu = need_controller("memory"), need_controller("cpu")
    if memory == cpu:
        show = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max"
    else:
        show = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes " \
               "/sys/fs/cgroup/cpu/cpu.cfs_quota_us " \
               "/sys/fs/cgroup/cpu/cpu.cfs_period_us"
    out = do(t, show, "--memory", "64M", "--cpus", "1.5")
    t.equal(out.split(), [str(64 << 20), "150000", "100000"], "limits")
    t.has(t.hull("do", "--memory=64M", "--sandbox", "namespaces", "--",
                 "true").stdout, "")


@test("a terminal is passed on")
def _(t):
    need_root()
    master, slave = pty.openpty()
    p = subprocess.Popen(t.hull_argv("do", "--", "sh", "-c",
                                     "tty; read x; echo got $x; exit 9"),
                         stdin=slave, stdout=slave, stderr=slave,
                         start_new_session=True)
    os.close(slave)
    t.undo(lambda: os.close(master))
    text = b""
    sent = False
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and b"got" not in text:
        if select.select([master], [], [], 0.1)[0]:
            try:
                text += os.read(master, 4096)
            except OSError:
                break
        if b"/dev/" in text and not sent:
            os.write(master, b"word\n")
            sent = True
    t.has(text.decode(), "got word")
    t.equal(p.wait(10), 9, "exit status")


@test("kill -9 of hull leaves nothing but what delete --force removes")
def _(t):
    need_root()
    p = t.start_hull("do", "--", "sleep", "1000",
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    t.wait_until(lambda: "running" in t.hull("list").stdout,
                 "it is running")
    name = t.hull("list", "-q").stdout.strip()
    p.kill()
    p.wait()
    t.hull("delete", "--force", name)
    t.nothing_left()


main()
