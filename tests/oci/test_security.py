#!/usr/bin/env python3
"""What has broken container runtimes before, tried on this one.

Each test goes red when the construction that docs/security.md names for it
is taken out of hull.  What can be tried without a container is tried in
tests/unit: test-rootfs-evil.c (links, masks, races), test-procfs.c (fake
procfs), test-sync.c and fuzz/ (messages), test-user.c (numbers).
"""
# timeout: 180
import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hull as lib  # noqa: E402
from hull import *  # noqa: E402,F403

ALL_CAPS = [f"CAP_{name}" for name in (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID "
    "SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE "
    "SETFCAP").split()]


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def caps(*names):
    return {"process": {"capabilities": {
        k: list(names) for k in ("bounding", "effective", "permitted")}}}


# ------------------------------------------ 1: /proc/self/exe, CVE-2019-5736

def reopened_for_writing(path):
    """What a process of a container can do with a link that it once could
    open: the errno of opening the same file for writing when nobody
    executes it any more, 0 when that succeeds."""
    fd = os.open(path, os.O_RDONLY)

    def attempt():
        try:
            os.close(os.open(f"/proc/self/fd/{fd}", os.O_WRONLY))
        except OSError as e:
            return e.errno
        return 0
    return fd, attempt


@test("1: an image that executes hull inside cannot write to hull's file")
def _(t):
    need_root()
    # Nobody else may be executing this one, or ETXTBSY would protect it.
    copy = shutil.copy(lib.HULL, t.path("hull"))
    before = digest(copy)
    b = t.bundle()
    with open(f"{b.rootfs}/bin/evil", "w"):
        pass
    os.chmod(f"{b.rootfs}/bin/evil", 0o755)
    os.symlink("/proc/self/exe", f"{b.rootfs}/bin/me")
    for program in ["/proc/self/exe", "/bin/me", "/bin/evil"]:
        # hull's own "update" now waits there, for what stdin will say.
        args = [program, "update", "-r", "-", "x"]
        if program == "/bin/evil":
            # The kernel puts the script's name in front of the rest.
            with open(f"{b.rootfs}/bin/evil", "w") as f:
                f.write("#!/proc/self/exe --root\n")
        b.change({"process": {"args": args}})
        c = t.id()
        argv = t.hull_argv("run", "--bundle", b.path, c)
        argv[0] = copy
        p = subprocess.Popen(argv, stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        t.wait_until(lambda: os.path.exists(f"{t.root}/{c}/state.json") and
                     t.state(c)["status"] == "running", "it runs")
        pid = t.state(c)["pid"]

        def inside(pid=pid):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                return f.read().endswith(b"update\0-r\0-\0x\0")
        t.wait_until(inside, "hull executes hull")
        fd, attempt = reopened_for_writing(f"/proc/{pid}/exe")
        with open(f"/proc/self/fd/{fd}", "rb") as f:
            t.equal(hashlib.sha256(f.read()).hexdigest(), before,
                    "what was executed")
        p.stdin.close()
        p.wait(timeout=10)
        got = attempt()
        os.close(fd)
        t.check(got != 0, f"{program}: hull's file could be written to")
        t.equal(os.strerror(got), "Read-only file system")
    t.equal(digest(copy), before, "hull")


@test("1: exe, fd, maps and environ of a waiting init stay closed")
def _(t):
    need_root()
    before = digest(lib.HULL)
    c = t.created(t.bundle("true", caps(*ALL_CAPS)))
    out = t.hull("exec", c, "sh", "-c",
                 "for f in exe fd/0 fd/5 cwd root ns/mnt; do"
                 " readlink /proc/1/$f; done;"
                 "cat /proc/1/maps /proc/1/environ;"
                 "(: >>/proc/1/exe) 2>/dev/null && echo written;"
                 "(: </proc/1/exe) 2>/dev/null && echo read", status=None)
    t.equal(out.stdout, "")
    t.equal(digest(lib.HULL), before, "hull")


@test("1: a process that watches /proc never gets at one that exec brings")
def _(t):
    need_root()
    b = t.bundle("""
        ready=
        while :; do
            for p in /proc/[0-9]*; do
                if [ -e $p/exe ] && ! [ $p/exe -ef /bin/busybox ] &&
                   [ -e $p/exe ]; then
                    echo caught >>/tmp/caught
                fi
            done
            [ "$ready" ] || echo >/tmp/ready
            ready=1
        done""", {"root": {"readonly": False}})
    b.change(caps(*ALL_CAPS))
    c = t.running(b)
    t.wait_until(lambda: os.path.exists(f"{b.rootfs}/tmp/ready"), "it looks")
    deadline = time.monotonic() + 2
    n = 0
    while n < 10 or time.monotonic() < deadline:
        t.hull("exec", c, "/bin/true")
        n += 1
    t.check(not os.path.exists(f"{b.rootfs}/tmp/caught"),
            f"in {n} times it could read hull's own file")


# -------------------------------------- 2: descriptors and cwd, CVE-2024-21626

def leaks(t):
    """Descriptors of the host that an engine forgot to close."""
    fds = [os.open("/", os.O_PATH), os.open("/etc", os.O_RDONLY),
           os.open(t.dir, os.O_RDONLY)]
    for high in (100, 1000):
        os.dup2(fds[0], high)
        fds.append(high)
    for fd in fds:
        os.set_inheritable(fd, True)
    return fds


# Every descriptor but the three, and but the one that reads the directory.
HUNT = ("for f in /proc/self/fd/*; do n=${f##*/}; [ $n -gt 2 ] &&"
        " readlink /proc/$$/fd/$n; done; true")


@test("2: no descriptor of the host's is found in run, start and exec")
def _(t):
    need_root()
    fds = leaks(t)
    try:
        t.equal(t.run(t.bundle(HUNT), pass_fds=fds).stdout, "")
        c = t.running("sleep 100")
        t.equal(t.hull("exec", c, "sh", "-c", HUNT, pass_fds=fds).stdout, "")
        out = t.path("out")
        for command in ("create", "start"):
            with open(out, "a") as f:
                if command == "create":
                    b = t.bundle(HUNT)
                    c = t.id()
                    t.hull("create", "--bundle", b.path, c, stdout=f,
                           stderr=f, pass_fds=fds)
                else:
                    t.hull("start", c, pass_fds=fds)
        t.wait_status(c, "stopped")
        with open(out) as f:
            t.equal(f.read(), "")
    finally:
        for fd in fds:
            os.close(fd)


@test("2: a cwd that is a descriptor of the host's is refused")
def _(t):
    need_root()
    fds = leaks(t)
    try:
        c = t.running("sleep 100")
        look = ["sh", "-c", "[ . -ef / ] || echo outside: $(ls)"]
        for n in list(range(3, 20)) + fds:
            r = t.hull("exec", "--cwd", f"/proc/self/fd/{n}", c, *look,
                       status=None, pass_fds=fds)
            t.equal(r.stdout, "")
            # Some of hull's own lead to the container's root.
            if r.status or n in fds:
                t.one_line(r.stderr, "cwd")
        b = t.bundle()
        for n in list(range(3, 16)) + fds:
            b.change({"process": {"cwd": f"/proc/self/fd/{n}",
                                  "args": look}})
            r = t.run(b, status=None, pass_fds=fds)
            t.equal(r.stdout, "")
            if r.status or n in fds:
                t.one_line(r.stderr, "cwd")
    finally:
        for fd in fds:
            os.close(fd)


# --------------------------------- 3: /dev/null swapped, CVE-2025-31133

@test("3: masked files read as nothing, whatever the image has as /dev/null")
def _(t):
    need_root()
    b = t.bundle("cat /proc/kcore /proc/keys /secret; stat -c '%F %t:%T' "
                 "/secret", {"linux": {"maskedPaths": [
                     "/proc/kcore", "/proc/keys", "/secret"]}})
    with open(f"{b.rootfs}/secret", "w") as f:
        f.write("secret\n")
    # A /dev of the image's own, with the link in place of the device.
    b.change({"mounts": [m for m in b.spec["mounts"]
                         if not m["destination"].startswith("/dev")]})
    os.symlink("/proc/sys/kernel/core_pattern", f"{b.rootfs}/dev/null")
    # hull's own null is where the link was.
    t.equal(t.run(b).stdout, "character special file 1:3\n")


# ----------------------------------------- 4: consoles, CVE-2025-52565

@test("4: the terminal is the container's own devpts, links or no links")
def _(t):
    need_root()
    b = t.bundle("ls -l /dev/console; tty; stat -c %F /target",
                 {"process": {"terminal": True}})
    with open(f"{b.rootfs}/target", "w") as f:
        f.write("x")
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(t.path("console"))
    sock.listen()
    for mounts in ("default", "own"):
        if mounts == "own":
            b.change({"mounts": [m for m in b.spec["mounts"]
                                 if m["destination"] != "/dev"]})
            os.symlink("/target", f"{b.rootfs}/dev/console")
        r = t.hull("run", "--detach", "--bundle", b.path, "--console-socket",
                   t.path("console"), t.id(), status=None,
                   stdout=subprocess.DEVNULL)
        if r.status:
            t.one_line(r.stderr, "console")
            continue
        conn, _ = sock.accept()
        _, fds, _, _ = socket.recv_fds(conn, 100, 1)
        out = b""
        try:
            while part := os.read(fds[0], 1000):
                out += part
        except OSError:
            pass
        os.close(fds[0])
        t.has(out.decode(), "regular file")
        t.has(out.decode(), "/dev/pts/0")
    with open(f"{b.rootfs}/target") as f:
        t.equal(f.read(), "x", "the link's target")


# ---------------------- 5: fake procfs, CVE-2025-52881, 2019-19921, 2023-27561

@test("5: a rootfs with /proc as a link, and mounts over /proc, are refused")
def _(t):
    need_root()
    b = t.bundle("true")
    os.rmdir(f"{b.rootfs}/proc")
    os.symlink("tmp", f"{b.rootfs}/proc")
    t.one_line(t.run(b, fails=True, status=None).stderr, "proc")
    os.unlink(f"{b.rootfs}/proc")
    os.mkdir(f"{b.rootfs}/proc")
    plain = list(b.spec["mounts"])
    for destination, kind in [("/proc", "tmpfs"), ("/proc/sys", "tmpfs"),
                              ("/proc/self/attr", "tmpfs"),
                              ("/proc/../proc/1", "tmpfs")]:
        b.change({"mounts": plain + [
            {"destination": destination, "type": kind, "source": kind}]})
        r = t.run(b, fails=True, status=None)
        t.one_line(r.stderr, "proc", "mounts[")
    t.nothing_left()


@test("5: sysctls reach the kernel though the image's /proc is a directory")
def _(t):
    need_root()
    b = t.bundle("true", {"linux": {"sysctl": {"kernel.msgmax": "4321"}}})
    # No procfs among the mounts: files of the image stand where it was.
    b.change({"mounts": [m for m in b.spec["mounts"]
                         if not m["destination"].startswith("/proc")],
              "linux": {"maskedPaths": [], "readonlyPaths": []}})
    os.makedirs(f"{b.rootfs}/proc/sys/kernel")
    with open(f"{b.rootfs}/proc/sys/kernel/msgmax", "w") as f:
        f.write("fake\n")
    c = t.created(b)
    pid = t.state(c)["pid"]
    with open(f"{b.rootfs}/proc/sys/kernel/msgmax") as f:
        t.equal(f.read(), "fake\n", "the image's file")
    out = subprocess.run(["nsenter", "-t", str(pid), "-i", "cat",
                          "/proc/sys/kernel/msgmax"], capture_output=True,
                         text=True, timeout=10)
    t.equal(out.stdout, "4321\n", "the kernel's value")


# ------------------------------ 6: /dev is a link, CVE-2026-41579, 2026-47766

@test("6: a rootfs whose /dev is a link makes nothing outside")
def _(t):
    need_root()
    outside = t.path("outside")
    os.mkdir(outside)
    b = t.bundle("true")
    os.rmdir(f"{b.rootfs}/dev")
    os.symlink(outside, f"{b.rootfs}/dev")
    for mounts in [b.spec["mounts"],
                   [m for m in b.spec["mounts"]
                    if not m["destination"].startswith("/dev")]]:
        b.change({"mounts": mounts})
        t.run(b, status=None)
        t.equal(os.listdir(outside), [], "what is outside")


# --------------------------------------- 7: races, CVE-2021-30465, 2024-45310

@test("7: a volume's links that swap while containers are made lead nowhere")
def _(t):
    need_root()
    outside = t.path("outside")
    os.makedirs(f"{outside}/sub/new")
    volume = t.path("volume")
    os.makedirs(f"{volume}/a/sub")
    os.symlink(outside, f"{volume}/b")
    # Wherever the link leads to inside, that is where the mount has to be:
    # one that went outside would be missing.
    b = t.bundle("grep -c '/sub/new ' /proc/self/mountinfo")
    b.change({"mounts": b.spec["mounts"] + [
        {"destination": "/vol", "type": "bind", "source": volume,
         "options": ["rbind"]},
        {"destination": "/vol/a/sub/new", "type": "tmpfs",
         "source": "tmpfs"}]})
    libc = ctypes.CDLL(None)
    stop = threading.Event()

    def swap():
        # RENAME_EXCHANGE: at each moment one of them has the name.
        while not stop.is_set():
            libc.renameat2(-100, f"{volume}/a".encode(), -100,
                           f"{volume}/b".encode(), 2)
    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        deadline = time.monotonic() + 2
        results = set()
        while time.monotonic() < deadline:
            r = t.run(b, status=None)
            results.add(r.status)
            if r.status:
                t.one_line(r.stderr, "/vol/a/sub/new")
            else:
                t.equal(r.stdout, "1\n", "the mounts inside")
    finally:
        stop.set()
        swapper.join()
    t.equal(os.listdir(f"{outside}/sub"), ["new"], "what is outside")
    t.check(0 in results, "nothing was ever created")
    t.nothing_left()


# ------------------------- 8: inheritable capabilities, CVE-2022-29162, -27650

@test("8: no inheritable capability that nobody asked for, in exec neither")
def _(t):
    need_root()
    show = "grep -E 'CapInh|CapAmb' /proc/self/status"
    empty = "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n"
    b = t.bundle("sleep 100", caps("CAP_KILL", "CAP_NET_RAW"))
    c = t.running(b)
    t.equal(t.hull("exec", c, "sh", "-c", show).stdout, empty)
    t.equal(t.hull("exec", "--cap", "CAP_CHOWN", c, "sh", "-c", show).stdout,
            empty)
    t.equal(t.run(b.sh(show)).stdout, empty)
    # Nor what hull itself was given.
    setpriv = shutil.which("setpriv")
    if setpriv:
        argv = t.hull_argv("exec", c, "sh", "-c", show)
        out = subprocess.run([setpriv, "--inh-caps", "+kill,+chown", *argv],
                             capture_output=True, text=True, timeout=30)
        t.equal(out.stdout, empty)


# --------------------------- 9: what is handed over, CVE-2021-43784

@test("9: state.json that is huge, cut, of another id or nonsense is refused")
def _(t):
    need_root()
    c = t.created("true")
    path = f"{t.root}/{c}/state.json"
    with open(path) as f:
        good = f.read()
    state = json.loads(good)
    bad = {
        "": "state.json",
        good[:len(good) // 2]: "state.json",
        "[" * 100000: "state.json",
        json.dumps({**state, "id": "other"}): "state.json",
        json.dumps({**state, "version": 99}): "state.json",
        json.dumps({**state, "pid": -5}): "state.json",
        json.dumps({**state, "pid": 2 ** 40}): "state.json",
        json.dumps({**state, "pid": "1"}): "pid",
        json.dumps({**state, "cgroup": ["nonsense"]}): "cgroup",
        json.dumps({**state, "bundle": "x" * (2 << 20)}): "state.json",
    }
    for text, word in bad.items():
        with open(path, "w") as f:
            f.write(text)
        for verb in (["state"], ["start"], ["kill"], ["exec"], ["delete"]):
            more = ["true"] if verb == ["exec"] else []
            if word == "cgroup" and verb[0] in ("state", "start", "kill"):
                continue
            r = t.hull(*verb, c, *more, fails=True)
            t.one_line(r.stderr, word)
    with open(path, "w") as f:
        f.write(good)
    t.hull("delete", "--force", c)
    t.nothing_left()


@test("9: a state.json with the pid of somebody else's process kills nobody")
def _(t):
    need_root()
    victim = subprocess.Popen(["sleep", "100"])
    # A start time is told in hundredths of a second.
    time.sleep(0.1)
    c = t.created("true")
    path = f"{t.root}/{c}/state.json"
    try:
        with open(path) as f:
            good = json.load(f)
        with open(path, "w") as f:
            json.dump({**good, "pid": victim.pid}, f)
        t.equal(t.state(c)["status"], "stopped")
        t.hull("kill", c, "KILL", fails=True)
        t.hull("delete", "--force", c)
        t.equal(victim.poll(), None, "the other process")
    finally:
        victim.kill()
        victim.wait()


@test("9: nonsense on the start socket does not start or end the container")
def _(t):
    need_root()
    b = t.bundle("echo >/tmp/started", {"root": {"readonly": False}})
    c = t.created(b)
    link = t.path("s")
    os.symlink(f"{t.root}/{c}", link)
    with open(os.path.join(lib.TOP, "src/runtime/sync.h")) as f:
        text = f.read()
    version = int(re.search(r"SYNC_VERSION = (\d+)", text)[1])
    names = re.findall(r"^\tSYNC_\w+", text, re.M)
    good = bytearray(272)
    good[0], good[2] = version, names.index("\tSYNC_START") + 1
    messages = [b"", b"x", b"\0" * 272, b"\xff" * 272, bytes(good[:271]),
                bytes(good) + b"x", b"A" * 100000]
    for place in (0, 2, 8, 12):
        odd = bytearray(good)
        odd[place] ^= 0x40
        messages.append(bytes(odd))
    for m in messages:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(5)
            s.connect(f"{link}/start")
            s.send(m)
            # It hangs up, and waits for the next.
            try:
                s.recv(1000)
            except ConnectionResetError:
                pass
        t.equal(t.state(c)["status"], "created", f"after {m[:20]!r}")
    t.check(not os.path.exists(f"{b.rootfs}/tmp/started"), "it was started")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(f"{link}/start")
        s.send(bytes(good))
        t.wait_until(lambda: os.path.exists(f"{b.rootfs}/tmp/started"),
                     "a good message starts it")


# ------------------------------------ 10: writable cgroups, CVE-2023-25809

@test("10: rootless without a cgroup namespace the cgroups are read-only")
def _(t):
    need_root()
    b = t.bundle("grep cgroup /proc/self/mountinfo; "
                 "for d in /sys/fs/cgroup /sys/fs/cgroup/*; do"
                 " mkdir $d/hull-test-evil 2>/dev/null && echo made $d; done;"
                 " true")
    b.change({
        "linux": {
            "namespaces": [n for n in b.spec["linux"]["namespaces"]
                           if n["type"] not in ("cgroup", "network")] +
            [{"type": "user"}, {"type": "network"}],
            "uidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
            "gidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}]},
        "mounts": [m for m in b.spec["mounts"]
                   if "cgroup" not in m["destination"]] +
        [{"destination": "/sys/fs/cgroup", "type": "cgroup",
          "source": "cgroup",
          "options": ["rw", "nosuid", "noexec", "nodev"]}]})
    os.chmod(t.dir, 0o755)
    r = t.hull("--rootless", "true", "run", "--bundle", b.path, t.id())
    shown = [line for line in r.lines if " - cgroup" in line]
    t.check(shown, f"no cgroup mount: {r.stdout!r}")
    for line in shown:
        options = line.split()[5].split(",")
        t.check("ro" in options, f"writable: {line}")
    t.check("made" not in r.stdout, f"a cgroup was made: {r.stdout}")


# ------------------------------------- 11: --user, CVE-2026-30892, 2025-24965

@test("11: --user takes numbers and nothing that only looks like one")
def _(t):
    need_root()
    c = t.running("sleep 100")
    for user in ["0x0", "+1", " 1", "1 ", "1:", ":1", "", "1:+1", "01x",
                 "-1", "4294967295", "4294967296", "1:4294967295",
                 "18446744073709551616", "root", "1:2:3", "1.0", "1e3",
                 "1\n"]:
        r = t.hull("exec", "--user", user, c, "id", fails=True)
        t.one_line(r.stderr, "--user")
        t.equal(r.stdout, "")
    t.equal(t.hull("exec", "--user", "1:2", c, "id", "-u").stdout, "1\n")


# -------------------------------------- 12: the host's devices change owner

@test("12: a device as stdio keeps its owner, a pipe gets the user's")
def _(t):
    need_root()
    user = {"process": {"user": {"uid": 1000, "gid": 1000}}}
    # Devices of our own: what happens to them happens to no host's.
    for minor in (3, 5):
        device = t.path(f"device{minor}")
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        os.chmod(device, 0o666)
        before = os.stat(device)
        with open(device, "r+b", buffering=0) as f:
            t.run(t.bundle("true", user), stdin=f, stdout=f, stderr=f)
            c = t.running("sleep 100")
            t.hull("exec", "--user", "1000", c, "true", stdin=f, stdout=f,
                   stderr=f)
        after = os.stat(device)
        t.equal((after.st_uid, after.st_gid, after.st_mode),
                (before.st_uid, before.st_gid, before.st_mode), device)
    r = t.run(t.bundle("echo hello >/dev/stdout; stat -Lc %u /dev/stdout",
                       user))
    t.equal(r.stdout, "hello\n1000\n")


# ------------------------------------------------ 13: memory limit too low

@test("13: a memory limit that is too low is named as the reason")
def _(t):
    need_root()
    need_controller("memory")
    b = t.bundle("true", {"linux": {"resources": {
        "memory": {"limit": 4096}}}})
    r = t.run(b, status=None, fails=True)
    t.one_line(r.stderr, "memory")
    t.has(r.stderr, "limit")
    t.nothing_left()
    # And it does not take much.
    b.change({"linux": {"resources": {"memory": {"limit": 4 << 20}}}})
    t.run(b)


# ------------------------------------------- 14, 15: every wait has a bound

@test("14: without the systemd driver no bus is touched")
def _(t):
    need_root()
    strace = need_program("strace")
    b = t.bundle("true")
    trace = t.path("trace")
    argv = t.hull_argv("run", "--bundle", b.path, t.id())
    subprocess.run([strace, "-f", "-qq", "-e", "trace=connect", "-o", trace,
                    *argv], check=True, timeout=30,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with open(trace) as f:
        said = f.read()
    t.check("connect(" not in said, f"it connects: {said}")


@test("15: a lock that is never given back is an error after a while")
def _(t):
    need_root()
    import fcntl
    c = t.created("true")
    fd = os.open(f"{t.root}/{c}", os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    begin = time.monotonic()
    r = t.hull("delete", "--force", c, fails=True)
    took = time.monotonic() - begin
    os.close(fd)
    t.one_line(r.stderr, c)
    t.check(took < 15, f"it took {took:.1f} s")
    t.hull("delete", "--force", c)


@test("15: kill and delete end a frozen container, and a stopped process")
def _(t):
    need_root()
    need_controller("freezer")
    c = t.running("sleep 100 & kill -STOP $!; sleep 100")
    t.hull("pause", c)
    begin = time.monotonic()
    t.hull("kill", c, "KILL")
    t.wait_status(c, "stopped", 5)
    t.hull("delete", c)
    c = t.running("sleep 100 & sleep 100")
    t.hull("pause", c)
    t.hull("delete", "--force", c)
    t.check(time.monotonic() - begin < 10, "it took long")
    t.nothing_left()


# ---------------------------------------------------- 16: cryptic messages

@test("16: an error names the field or the path, and whose it is")
def _(t):
    need_root()
    plain = lib.default_spec()["mounts"]
    cases = [
        ({"process": {"cwd": "relative"}}, ["process.cwd"]),
        ({"process": {"args": []}}, ["process.args"]),
        ({"process": {"args": ["/nothing"]}},
         ["/nothing", "executable file not found"]),
        ({"process": {"user": {"uid": -1}}}, ["process.user.uid"]),
        ({"process": {"rlimits": [{"type": "RLIMIT_X", "soft": 1,
                                   "hard": 1}]}},
         ["process.rlimits[0].type", "RLIMIT_X"]),
        ({"root": {"path": "absent"}}, ["root.path", "absent"]),
        ({"hostname": "x" * 65}, ["hostname"]),
        ({"mounts": plain + [{"destination": "/x", "type": "bind",
                              "source": "/absent-source",
                              "options": ["bind"]}]},
         [f"mounts[{len(plain)}]", "/absent-source"]),
        ({"mounts": plain + [{"destination": "/x", "type": "nosuchfs",
                              "source": "x"}]},
         [f"mounts[{len(plain)}]", "nosuchfs"]),
        ({"linux": {"namespaces": [{"type": "nonsense"}]}},
         ["linux.namespaces[0].type", "nonsense"]),
        ({"linux": {"sysctl": {"kernel.nonsense": "1"}}},
         ["linux.sysctl", "kernel.nonsense"]),
        ({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_X"}}},
         ["linux.seccomp.defaultAction", "SCMP_ACT_X"]),
        ({"linux": {"resources": {"cpu": {"cpus": "9999"}}}},
         ["cpu.cpus", "9999"]),
    ]
    for changes, words in cases:
        b = t.bundle("true")
        b.change(changes)
        r = t.run(b, status=None, fails=True)
        t.one_line(r.stderr, *words)
    t.nothing_left()


main()
