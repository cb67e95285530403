#!/usr/bin/env python3
"""linux.resources and cgroupsPath: what the kernel is told."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403


def cgroup_of(t, c, controller):
    """The directory of a container's cgroup."""
    top = need_controller(controller)
    with open(f"/proc/{t.state(c)['pid']}/cgroup") as f:
        for line in f:
            _, names, path = line.strip().split(":", 2)
            if controller in names.split(",") or not names:
                found = top + path
                if names or os.path.exists(f"{top}/cgroup.controllers"):
                    return found
    return None


def read(*names):
    """The first of these files that is there."""
    for name in names:
        if os.path.exists(name):
            with open(name) as f:
                return f.read().strip()
    raise Failure(f"none of {names}")


def with_resources(t, **resources):
    return t.running(t.bundle("sleep 100", {"linux": {
        "resources": resources}}))


@test("beside v1, the folder of a v2 that is not mounted is none")
def _(t):
    need_root()
    unified = "/sys/fs/cgroup/unified"
    if not os.path.ismount(unified):
        skip("hybrid", "no cgroup v2 beside v1 here")
    c = t.id()
    b = t.bundle("true", {"linux": {"cgroupsPath": f"/{c}"}})
    t.hull("run", "--bundle", b.path, c,
           prefix=["unshare", "-m", "sh", "-c",
                   f'umount {unified} && exec "$@"', "sh"])
    t.nothing_left()


@test("memory: limit and reservation")
def _(t):
    need_root()
    need_controller("memory")
    c = with_resources(t, memory={"limit": 64 << 20,
                                  "reservation": 32 << 20})
    d = cgroup_of(t, c, "memory")
    t.equal(read(f"{d}/memory.limit_in_bytes", f"{d}/memory.max"),
            str(64 << 20))
    t.equal(read(f"{d}/memory.soft_limit_in_bytes", f"{d}/memory.low"),
            str(32 << 20))


@test("memory: whoever uses more is killed, and the exit status says so")
def _(t):
    need_root()
    need_controller("memory")
    b = t.bundle("head -c 60000000 /dev/zero | tail | wc -c; echo end",
                 {"linux": {"resources": {"memory": {"limit": 16 << 20}}}})
    r = t.run(b, status=None)
    t.check("60000000" not in r.stdout, "the limit did not hold")
    t.nothing_left()


@test("cpu: shares, quota and period")
def _(t):
    need_root()
    need_controller("cpu")
    c = with_resources(t, cpu={"shares": 512, "quota": 50000,
                               "period": 100000})
    d = cgroup_of(t, c, "cpu")
    if os.path.exists(f"{d}/cpu.shares"):
        t.equal(read(f"{d}/cpu.shares"), "512")
        t.equal(read(f"{d}/cpu.cfs_quota_us"), "50000")
        t.equal(read(f"{d}/cpu.cfs_period_us"), "100000")
    else:
        t.equal(read(f"{d}/cpu.max"), "50000 100000")


@test("cpuset: cpus and mems")
def _(t):
    need_root()
    need_controller("cpuset")
    c = with_resources(t, cpu={"cpus": "0", "mems": "0"})
    d = cgroup_of(t, c, "cpuset")
    t.equal(read(f"{d}/cpuset.cpus"), "0")


@test("pids: the limit holds")
def _(t):
    need_root()
    need_controller("pids")
    c = with_resources(t, pids={"limit": 3})
    t.equal(read(f"{cgroup_of(t, c, 'pids')}/pids.max"), "3")
    r = t.hull("exec", c, "sh", "-c", "sleep 1 & sleep 1 & sleep 1 & wait",
               status=None)
    t.has(r.stderr, "fork")


@test("zero means not set, as Docker sends it")
def _(t):
    need_root()
    c = with_resources(t, memory={"limit": 0, "swap": 0, "reservation": 0},
                       cpu={"shares": 0, "quota": 0, "period": 0, "cpus": ""},
                       pids={"limit": 0}, blockIO={"weight": 0})
    t.equal(t.state(c)["status"], "running")


@test("a limit that the kernel refuses is named")
def _(t):
    need_root()
    need_controller("cpu")
    b = t.bundle("true", {"linux": {"resources": {"cpu": {
        "quota": 1, "period": 100000}}}})
    r = t.run(b, status=1)
    t.one_line(r.stderr, "cpu", "quota")
    t.nothing_left()


@test("a limit too low to start with says so")
def _(t):
    need_root()
    need_controller("memory")
    b = t.bundle("true", {"linux": {"resources": {"memory": {
        "limit": 4096}}}})
    t.one_line(t.run(b, status=1).stderr, "memory.limit", "4.0 KiB")
    t.nothing_left()


@test("cgroupsPath is taken, and removed again; its parents stay")
def _(t):
    need_root()
    top = need_controller("pids")
    name = f"hull-test-{os.getpid()}-path"
    b = t.bundle("sleep 100", {"linux": {"cgroupsPath": f"/{name}/below"}})
    c = t.running(b)
    t.check(os.path.isdir(f"{top}/{name}/below"), "not where it was asked")
    t.hull("delete", "--force", c)
    t.check(not os.path.exists(f"{top}/{name}/below"), "it was left")
    for base, dirs, _ in os.walk("/sys/fs/cgroup"):
        if name in dirs:
            os.rmdir(os.path.join(base, name))


@test("two containers do not share a cgroup by accident")
def _(t):
    need_root()
    need_controller("pids")
    name = f"/hull-test-{os.getpid()}-same"
    b = t.bundle("sleep 100", {"linux": {"cgroupsPath": name}})
    t.running(b)
    t.one_line(t.run(b, status=1).stderr, name)


@test("--cgroup-manager disabled and systemd")
def _(t):
    need_root()
    b = t.bundle("cat /proc/self/cgroup", {"linux": {"cgroupsPath": "/x"}})
    r = t.hull("--cgroup-manager", "disabled", "run", "--bundle", b.path,
               t.id())
    t.check("/x" not in r.stdout, r.stdout)
    t.one_line(t.hull("--systemd-cgroup", "run", "--bundle", b.path, t.id(),
                      fails=True).stderr, "systemd")
    t.nothing_left()


@test("v2 in a mount namespace of its own: enter, freeze, kill, remove")
def _(t):
    need_root()
    need_program("unshare")
    b = t.bundle("sleep 100")
    c = t.id()
    script = (
        "set -e; umount -R /sys/fs/cgroup; "
        "mount -t cgroup2 none /sys/fs/cgroup; "
        f"{' '.join(t.hull_argv())} run --detach --bundle {b.path} {c} "
        "</dev/null >/dev/null 2>&1; "
        f"H='{' '.join(t.hull_argv())}'; grep 0:: /proc/$($H state {c} | "
        "sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p')/cgroup; "
        f"$H exec {c} cat /proc/self/cgroup | grep 0::; "
        f"$H pause {c}; $H state {c} | grep paused; $H resume {c}; "
        f"$H delete --force {c}; test ! -e /sys/fs/cgroup/{c}; echo gone")
    r = subprocess.run(["unshare", "-m", "sh", "-c", script],
                       capture_output=True, text=True, timeout=60)
    t.equal(r.returncode, 0, f"the script ({r.stdout} {r.stderr})")
    t.has(r.stdout, c)
    t.has(r.stdout, "paused")
    t.has(r.stdout, "gone")


main()
