#!/usr/bin/env python3
"""linux.namespaces: made, joined, left out; user and time namespaces."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403

NAMES = {"pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc",
         "uts": "uts", "cgroup": "cgroup", "user": "user", "time": "time"}
SHOW = "for n in pid net mnt ipc uts cgroup; do readlink /proc/self/ns/$n; done"


def namespaces(*kinds, **paths):
    return {"linux": {"namespaces": [{"type": k} for k in kinds] + [
        {"type": k, "path": p} for k, p in paths.items()]}}


def own(name):
    return os.readlink(f"/proc/self/ns/{name}")


USERNS = {"uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}],
          "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 1000}]}


def open_rootfs(b):
    """A rootfs that root of a user namespace can use."""
    path = b.rootfs
    while path != "/tmp":
        os.chmod(path, os.stat(path).st_mode | 0o755)
        path = os.path.dirname(path)
    return b


@test("every kind that is named is a new one")
def _(t):
    need_root()
    b = t.bundle(SHOW, namespaces("pid", "network", "mount", "ipc", "uts",
                                  "cgroup"))
    for line, name in zip(t.run(b).lines, ["pid", "net", "mnt", "ipc", "uts",
                                           "cgroup"]):
        t.check(line.startswith(name + ":") and line != own(name),
                f"{name}: {line}")


@test("what is not named is the host's")
def _(t):
    need_root()
    b = t.bundle(SHOW, {**namespaces("mount"), "hostname": None})
    lines = t.run(b).lines
    for i, name in enumerate(["pid", "net", "mnt", "ipc", "uts", "cgroup"]):
        t.equal(lines[i] == own(name), name != "mnt", name)


@test("a path joins, of each kind that can be joined without a user namespace")
def _(t):
    need_root()
    c = t.running("sleep 100")
    pid = t.state(c)["pid"]
    for kind in ["network", "ipc", "uts", "pid", "cgroup"]:
        name = NAMES[kind]
        b = t.bundle(f"readlink /proc/self/ns/{name}", {
            **namespaces("mount", **{kind: f"/proc/{pid}/ns/{name}"}),
            "hostname": None})
        t.equal(t.run(b).stdout.strip(),
                os.readlink(f"/proc/{pid}/ns/{name}"), kind)


@test("a mount namespace that is joined brings its root along")
def _(t):
    need_root()
    c = t.running("touch /dev/shm/mark; sleep 100")
    t.wait_until(lambda: t.hull("exec", c, "ls", "/dev/shm").stdout, "it ran")
    pid = t.state(c)["pid"]
    b = t.bundle("ls /dev/shm; readlink /proc/self/ns/mnt", {
        **namespaces("ipc", mount=f"/proc/{pid}/ns/mnt",
                     pid=f"/proc/{pid}/ns/pid"), "hostname": None})
    t.equal(t.run(b).lines, ["mark", os.readlink(f"/proc/{pid}/ns/mnt")])
    t.equal(t.state(c)["status"], "running")


@test("a path of the wrong kind, and one that is not there, are named")
def _(t):
    need_root()
    b = t.bundle("true", {
        **namespaces("mount", network="/proc/self/ns/uts"), "hostname": None})
    t.one_line(t.run(b, status=1).stderr, "linux.namespaces[1].path",
               "network")
    b = t.bundle("true", {**namespaces("mount", network="/no/such"),
                          "hostname": None})
    t.one_line(t.run(b, status=1).stderr, "/no/such")
    t.nothing_left()


@test("without a mount namespace nothing is started")
def _(t):
    need_root()
    b = t.bundle("true", {**namespaces("pid"), "hostname": None})
    t.one_line(t.run(b, status=1).stderr, "mount namespace")
    t.nothing_left()


@test("loopback is up")
def _(t):
    need_root()
    out = t.run("ip link show lo").stdout
    t.has(out, "LOOPBACK,UP")


@test("a user namespace with mappings")
def _(t):
    need_root()
    b = t.bundle("id -u; cat /proc/self/uid_map /proc/self/gid_map; "
                 "touch /dev/shm/x && stat -c %u /dev/shm/x; ls -ln /dev/null",
                 {"linux": {**USERNS, "namespaces": [
                     {"type": k} for k in NAMES if k != "time"]}})
    out = t.run(open_rootfs(b)).lines
    t.equal(out[0], "0")
    t.equal(out[1].split(), ["0", "100000", "1000"])
    t.equal(out[2].split(), ["0", "200000", "1000"])
    t.equal(out[3], "0")
    t.nothing_left()


@test("exec, kill and delete in a user namespace")
def _(t):
    need_root()
    b = t.bundle("sleep 100", {
        "process": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 99,
                                 "hard": 99}]},
        "linux": {**USERNS, "namespaces": [{"type": k} for k in NAMES
                                           if k != "time"]}})
    c = t.running(open_rootfs(b))
    pid = t.state(c)["pid"]
    t.equal(os.stat(f"/proc/{pid}").st_uid, 100000)
    out = t.hull("exec", c, "sh", "-c",
                 "id -u; readlink /proc/self/ns/user; ulimit -n").lines
    t.equal(out, ["0", os.readlink(f"/proc/{pid}/ns/user"), "99"])
    t.hull("exec", c, "nothing", status=127)
    t.hull("kill", c, "KILL")
    t.wait_status(c, "stopped")
    t.hull("delete", c)


@test("a user namespace that is joined")
def _(t):
    need_root()
    b = t.bundle("sleep 100", {"linux": {**USERNS, "namespaces": [
        {"type": k} for k in NAMES if k != "time"]}})
    c = t.running(open_rootfs(b))
    pid = t.state(c)["pid"]
    d = t.bundle("readlink /proc/self/ns/user; readlink /proc/self/ns/net; "
                 "id -u", {
        "linux": {"namespaces": [{"type": k} for k in
                                 ["mount", "pid", "uts", "ipc"]] + [
            {"type": "user", "path": f"/proc/{pid}/ns/user"},
            {"type": "network", "path": f"/proc/{pid}/ns/net"}]}})
    out = t.run(open_rootfs(d)).lines
    t.equal(out[0], os.readlink(f"/proc/{pid}/ns/user"))
    t.equal(out[1], os.readlink(f"/proc/{pid}/ns/net"))
    t.equal(out[2], "0")


@test("time offsets")
def _(t):
    need_root()
    if not os.path.exists("/proc/self/ns/time"):
        skip("timens", "this kernel has no time namespaces")
    b = t.bundle("cut -d. -f1 /proc/uptime", {"linux": {
        "timeOffsets": {"boottime": {"secs": 1000000}}}})
    b.spec["linux"]["namespaces"].append({"type": "time"})
    b.write()
    t.check(int(t.run(b).stdout) > 1000000, "no offset")
    c = t.running(b.sh("sleep 100"))
    t.check(int(t.hull("exec", c, "cut", "-d.", "-f1",
                       "/proc/uptime").stdout) > 1000000,
            "exec is not in the time namespace")


@test("sysctls of the container's own namespaces only")
def _(t):
    need_root()
    b = t.bundle("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni",
                 {"linux": {"sysctl": {"net.ipv4.ip_forward": "1",
                                       "kernel.shmmni": "99"}}})
    t.equal(t.run(b).lines, ["1", "99"])
    b = t.bundle("true", {"linux": {"sysctl": {"vm.swappiness": "1"}}})
    t.one_line(t.run(b, status=1).stderr, "vm.swappiness")


@test("network devices move in and are renamed")
def _(t):
    need_root()
    ip = need_program("ip", "iproute2")
    name = f"hull{os.getpid() % 10000}"
    made = subprocess.run([ip, "link", "add", name, "type", "veth", "peer",
                           "name", name + "p"], capture_output=True)
    if made.returncode:
        skip("veth", made.stderr.decode().strip())
    t.undo(lambda: subprocess.run([ip, "link", "del", name + "p"],
                                  capture_output=True))
    subprocess.run([ip, "addr", "add", "192.0.2.7/24", "dev", name],
                   check=True)
    b = t.bundle("ip -o addr show eth7; ip link show eth7", {
        "linux": {"netDevices": {name: {"name": "eth7"}}}})
    out = t.run(b).stdout
    t.has(out, "192.0.2.7/24")
    t.has(out, "UP")


main()
