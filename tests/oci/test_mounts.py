#!/usr/bin/env python3
"""mounts, root, devices and paths of config.json, seen from inside."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403


def with_mount(t, script, *mounts, **changes):
    b = t.bundle(script, {"root": {"readonly": False}, **changes})
    b.spec["mounts"] += list(mounts)
    b.write()
    return b


def bind(source, destination, *options):
    return {"destination": destination, "type": "bind", "source": source,
            "options": ["bind", *options]}


@test("a bind mount of a directory and of a file, made where missing")
def _(t):
    need_root()
    os.mkdir(t.path("d"))
    for name in ["d/inside", "f"]:
        with open(t.path(name), "w") as f:
            f.write(name)
    b = with_mount(t, "cat /new/dir/inside /new/file; echo x > /new/file",
                   bind(t.path("d"), "/new/dir", "ro"),
                   bind(t.path("f"), "/new/file"))
    t.equal(t.run(b).stdout, "d/insidef")
    with open(t.path("f")) as f:
        t.equal(f.read(), "x\n")


@test("options: ro, nosuid, nodev, noexec, and recursive ones")
def _(t):
    need_root()
    os.mkdir(t.path("d"))
    b = with_mount(t, "grep ' /m ' /proc/self/mounts; touch /m/x",
                   bind(t.path("d"), "/m", "ro", "nosuid", "nodev", "noexec"))
    r = t.run(b, status=1)
    for option in ["ro", "nosuid", "nodev", "noexec"]:
        t.has(r.stdout.split()[3].split(","), option)
    t.has(r.stderr, "Read-only")


@test("rro reaches the mounts below")
def _(t):
    need_root()
    os.makedirs(t.path("d/sub"))
    subprocess.run(["mount", "-t", "tmpfs", "hull-test", t.path("d/sub")],
                   check=True)
    t.undo(lambda: subprocess.run(["umount", t.path("d/sub")]))
    rec = {"destination": "/m", "type": "bind", "source": t.path("d"),
           "options": ["rbind", "rro"]}
    t.has(t.run(with_mount(t, "touch /m/sub/x", rec), status=1).stderr,
          "Read-only")
    rec["options"] = ["rbind", "ro"]
    t.run(with_mount(t, "touch /m/sub/x", rec))


@test("tmpfs with size and mode; tmpcopyup brings what was there")
def _(t):
    need_root()
    b = with_mount(t, "stat -c %a /etc; cat /etc/passwd | wc -l; "
                   "df -k /etc | tail -1", {
                       "destination": "/etc", "type": "tmpfs",
                       "source": "tmpfs",
                       "options": ["tmpcopyup", "mode=0711", "size=1m"]})
    lines = t.run(b).lines
    t.equal(lines[0], "711")
    t.equal(lines[1], "2")
    t.has(lines[2], "1024")


@test("an option the kernel does not take is an error that names the mount")
def _(t):
    need_root()
    b = with_mount(t, "true", {"destination": "/m", "type": "tmpfs",
                               "source": "tmpfs", "options": ["size=frog"]})
    t.one_line(t.run(b, status=1).stderr, "/m")
    b = with_mount(t, "true", bind("/no/such/source", "/m"))
    t.one_line(t.run(b, status=1).stderr, "/no/such/source", "/m")
    t.nothing_left()


@test("a destination that is a symlink stays in the root")
def _(t):
    need_root()
    os.mkdir(t.path("d"))
    b = with_mount(t, "grep -c ' /inside/m ' /proc/self/mounts",
                   bind(t.path("d"), "/link/m"))
    os.symlink("/inside", f"{b.rootfs}/link")
    os.mkdir(f"{b.rootfs}/inside")
    t.equal(t.run(b).stdout, "1\n")


@test("nothing may be mounted on /proc's files")
def _(t):
    need_root()
    os.mkdir(t.path("d"))
    b = with_mount(t, "true", bind(t.path("d"), "/proc/self"))
    t.one_line(t.run(b, status=1).stderr, "/proc/self")


@test("a read-only root")
def _(t):
    need_root()
    b = t.bundle("touch /x", {"root": {"readonly": True}})
    t.has(t.run(b, status=1).stderr, "Read-only")


@test("masked paths are empty, read-only paths are")
def _(t):
    need_root()
    b = t.bundle("cat /etc/passwd | wc -c; ls /home | wc -l; "
                 "echo x > /etc/group; echo x > /etc/passwd; true", {
                     "root": {"readonly": False},
                     "linux": {"maskedPaths": ["/etc/passwd", "/home",
                                               "/none"],
                               "readonlyPaths": ["/etc/group"]}})
    os.mkdir(f"{b.rootfs}/home/secret")
    r = t.run(b)
    t.equal(r.lines, ["0", "0"])
    t.has(r.stderr, "Read-only")


@test("default devices, links, and those of the document")
def _(t):
    need_root()
    b = t.bundle("ls -l /dev/null /dev/full /dev/mine | "
                 "awk '{print $1,$5,$6}'; readlink /dev/fd /dev/ptmx; "
                 "readlink /dev/ptmx; stat -c '%u %g' /dev/mine", {
                     "linux": {"devices": [{
                         "path": "/dev/mine", "type": "c", "major": 1,
                         "minor": 3, "fileMode": 0o640, "uid": 7,
                         "gid": 8}]}})
    lines = t.run(b).lines
    t.check(any(x.startswith("crw-r----- 1, 3") for x in lines), f"{lines}")
    t.check(any(x.startswith("crw-rw-rw- 1, 7") for x in lines), f"{lines}")
    t.has(lines, "7 8")
    t.has(lines, "pts/ptmx")


@test("the device cgroup keeps others out")
def _(t):
    need_root()
    need_controller("devices")
    b = t.bundle("mknod /dev/kmsg2 c 1 11 && cat /dev/kmsg2", {
        "process": {"capabilities": {
            k: ["CAP_MKNOD", "CAP_DAC_OVERRIDE"] for k in
            ["bounding", "effective", "permitted"]}},
        "linux": {"resources": {"devices": [
            {"allow": False, "access": "rwm"}]}}})
    t.has(t.run(b, status=1).stderr, "Operation not permitted")


@test("propagation of the root")
def _(t):
    need_root()
    for name, word in [("private", ""), ("shared", "shared:"),
                       ("unbindable", "unbindable")]:
        b = t.bundle("grep ' / / \\| / ' /proc/self/mountinfo | head -1",
                     {"linux": {"rootfsPropagation": name}})
        line = t.run(b).stdout
        if word:
            t.has(line, word)


@test("the cgroup filesystem is there, and read-only when asked for")
def _(t):
    need_root()
    need_controller("memory")
    out = t.run("ls /sys/fs/cgroup; grep cgroup /proc/self/mounts").stdout
    t.has(out, "cgroup")
    for line in out.splitlines():
        if " /sys/fs/cgroup/" in line:
            t.has(line.split()[3].split(","), "ro")


@test("id-mapped mounts show other owners")
def _(t):
    need_root()
    os.mkdir(t.path("d"))
    with open(t.path("d/f"), "w"):
        pass
    os.chown(t.path("d/f"), 1, 1)
    m = bind(t.path("d"), "/m")
    m["uidMappings"] = m["gidMappings"] = [
        {"containerID": 0, "hostID": 5000, "size": 10}]
    r = t.run(with_mount(t, "stat -c '%u %g' /m/f", m), status=None)
    if r.status != 0 and "idmap" in r.stderr.lower():
        skip("idmapped", r.stderr.strip())
    t.equal(r.stdout, "5001 5001\n")


@test("--no-pivot gives the same view")
def _(t):
    need_root()
    b = t.bundle("ls / | tr '\\n' ' '")
    t.equal(t.run(b, "--no-pivot").stdout, t.run(b).stdout)


main()
