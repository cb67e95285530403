#!/usr/bin/env python3
"""config.json's process, seen from inside the container."""
import os
import pty
import select
import socket
import sys
import array

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403

CAPS = {"CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_SYS_ADMIN": 21}


def caps(*names):
    return {k: list(names) for k in
            ["bounding", "effective", "permitted", "inheritable", "ambient"]}


def status_of(output):
    return dict(line.split(":\t", 1) for line in output.splitlines()
                if ":\t" in line)


@test("user, groups and umask")
def _(t):
    need_root()
    b = t.bundle("id -u; id -g; id -G; umask", {"process": {"user": {
        "uid": 1000, "gid": 1001, "additionalGids": [5, 6], "umask": 0o27}}})
    t.equal(t.run(b).lines, ["1000", "1001", "1001 5 6", "0027"])


@test("HOME comes from the image's passwd unless it is given")
def _(t):
    need_root()
    b = t.bundle("echo $HOME", {"process": {"user": {"uid": 1000,
                                                     "gid": 1000}}})
    t.equal(t.run(b).stdout, "/home\n")
    b.spec["process"]["env"].append("HOME=/elsewhere")
    b.write()
    t.equal(t.run(b).stdout, "/elsewhere\n")


@test("a /dev/null that is the host's becomes the container's, in exec too")
def _(t):
    need_root()
    # A container's root could change the mode of the host's through it.
    script = "stat -L -c %d /dev/null /proc/self/fd/0 | sort -u | wc -l"
    t.equal(t.run(script).stdout, "1\n")
    c = t.running("sleep 100")
    t.equal(t.hull("exec", c, "/bin/sh", "-c", script).stdout, "1\n")


@test("the environment is the document's")
def _(t):
    need_root()
    b = t.bundle("env | sort", {"process": {"env": [
        "PATH=/bin", "A=1", "B=x=y z"]}})
    lines = t.run(b, env={**os.environ, "SECRET": "1"}).lines
    t.check("A=1" in lines and "B=x=y z" in lines, f"{lines}")
    t.check(not any("SECRET" in x for x in lines), f"{lines}")


@test("cwd is entered, and made when it is missing")
def _(t):
    need_root()
    b = t.bundle("pwd", {"root": {"readonly": False},
                         "process": {"cwd": "/deep/er"}})
    t.equal(t.run(b).stdout, "/deep/er\n")
    b = t.bundle("pwd", {"process": {"cwd": "/etc/passwd"}})
    t.one_line(t.run(b, status=1).stderr, "process.cwd", "/etc/passwd")


@test("capabilities: five sets")
def _(t):
    need_root()
    b = t.bundle("cat /proc/self/status", {"process": {
        "noNewPrivileges": False,
        "capabilities": {"bounding": ["CAP_CHOWN", "CAP_KILL"],
                         "effective": ["CAP_KILL"],
                         "permitted": ["CAP_CHOWN", "CAP_KILL"],
                         "inheritable": ["CAP_KILL"],
                         "ambient": ["CAP_KILL"]}}})
    s = status_of(t.run(b).stdout)
    both, kill = (1 << 0) | (1 << 5), 1 << 5
    t.equal(int(s["CapBnd"], 16), both, "bounding")
    t.equal(int(s["CapInh"], 16), kill, "inheritable")
    t.equal(int(s["CapAmb"], 16), kill, "ambient")
    # root gets all of bounding at execve(), capabilities(7).
    t.equal(int(s["CapPrm"], 16), both, "permitted")


@test("a user other than root has only the ambient ones after execve")
def _(t):
    need_root()
    b = t.bundle("cat /proc/self/status", {"process": {
        "user": {"uid": 1000, "gid": 1000}, "capabilities": caps("CAP_KILL")}})
    s = status_of(t.run(b).stdout)
    t.equal(int(s["CapEff"], 16), 1 << 5)
    b.spec["process"]["capabilities"]["ambient"] = []
    b.write()
    s = status_of(t.run(b).stdout)
    t.equal(int(s["CapEff"], 16), 0)
    t.equal(int(s["CapPrm"], 16), 0)


@test("no capabilities at all when the document has none")
def _(t):
    need_root()
    b = t.bundle("cat /proc/self/status", {"process": {"capabilities": None}})
    s = status_of(t.run(b).stdout)
    for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]:
        t.equal(int(s[name], 16), 0, name)


@test("an unknown capability is named with its path")
def _(t):
    need_root()
    b = t.bundle("true", {"process": {"capabilities": {
        "bounding": ["CAP_KILL", "CAP_FOO"]}}})
    t.one_line(t.run(b, status=1).stderr,
               'process.capabilities.bounding[1]: unknown capability '
               '"CAP_FOO"')


@test("noNewPrivileges")
def _(t):
    need_root()
    for want in [True, False]:
        b = t.bundle("cat /proc/self/status",
                     {"process": {"noNewPrivileges": want}})
        t.equal(status_of(t.run(b).stdout)["NoNewPrivs"], str(int(want)))


@test("rlimits")
def _(t):
    need_root()
    b = t.bundle("ulimit -Sn; ulimit -Hn; ulimit -c", {"process": {"rlimits": [
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]}})
    t.equal(t.run(b).lines, ["100", "200", "0"])
    b = t.bundle("true", {"process": {"rlimits": [
        {"type": "RLIMIT_NONE", "soft": 1, "hard": 1}]}})
    t.one_line(t.run(b, status=1).stderr, "process.rlimits[0]", "RLIMIT_NONE")


@test("oomScoreAdj")
def _(t):
    need_root()
    b = t.bundle("cat /proc/self/oom_score_adj",
                 {"process": {"oomScoreAdj": 321}})
    t.equal(t.run(b).stdout, "321\n")


@test("scheduler, ioPriority and CPU affinity")
def _(t):
    need_root()
    b = t.bundle("cut -d' ' -f19 /proc/self/stat; "
                 "grep Cpus_allowed_list /proc/self/status; ionice",
                 {"process": {
                     "scheduler": {"policy": "SCHED_OTHER", "nice": 5},
                     "ioPriority": {"class": "IOPRIO_CLASS_IDLE",
                                    "priority": 0},
                     "execCPUAffinity": {"initial": "0", "final": "0"}}})
    lines = t.run(b).lines
    t.equal(lines[0], "5", "nice")
    t.equal(lines[1].split()[-1], "0", "affinity")
    t.has(lines[2], "idle")


@test("personality and memoryPolicy")
def _(t):
    need_root()
    b = t.bundle("uname -m", {"linux": {"personality": {"domain": "LINUX32"}}})
    machine = os.uname().machine
    t.equal(t.run(b).stdout.strip(),
            {"x86_64": "i686", "aarch64": "armv8l"}.get(machine, machine))
    b = t.bundle("head -1 /proc/self/numa_maps || echo none", {
        "linux": {"memoryPolicy": {"mode": "MPOL_INTERLEAVE", "nodes": "0"}}})
    t.check("interleave" in t.run(b).stdout or
            not os.path.exists("/proc/self/numa_maps"), "no interleave")


@test("hostname and domainname")
def _(t):
    need_root()
    b = t.bundle("hostname; cat /proc/sys/kernel/domainname",
                 {"hostname": "box", "domainname": "example.org"})
    t.equal(t.run(b).lines, ["box", "example.org"])


@test("programs are found in PATH; 127 and 126 say what is wrong")
def _(t):
    need_root()
    b = t.bundle(None, {"process": {"args": ["echo", "x"]}})
    t.equal(t.run(b).stdout, "x\n")
    b = t.bundle(None, {"process": {"args": ["nothing"]}})
    t.one_line(t.run(b, status=127).stderr, "executable file not found",
               "nothing")
    b = t.bundle(None, {"process": {"args": ["/etc/passwd"]}})
    t.one_line(t.run(b, status=126).stderr, "permission denied",
               "/etc/passwd")
    b = t.bundle(None, {"process": {"args": ["/bin"]}})
    t.one_line(t.run(b, status=126).stderr, "directory")
    b = t.bundle(None, {"process": {"args": ["/bad"]}})
    with open(f"{b.rootfs}/bad", "w") as f:
        f.write("garbage")
    os.chmod(f"{b.rootfs}/bad", 0o755)
    t.one_line(t.run(b, status=126).stderr, "/bad", "exec format error")
    with open(f"{b.rootfs}/bad", "w") as f:
        f.write("#!/no/such/interpreter\n")
    t.one_line(t.run(b, status=127).stderr, "/bad", "interpreter")
    t.nothing_left()


@test("create fails for a missing program, with a line in the log as JSON")
def _(t):
    need_root()
    b = t.bundle(None, {"process": {"args": ["nothing"]}})
    log = t.path("log.json")
    r = t.hull("--log", log, "--log-format", "json", "create", "--bundle",
               b.path, t.id(), status=127)
    t.one_line(r.stderr, "executable file not found")
    with open(log) as f:
        line = json.loads(f.read())
    t.equal(line["level"], "error")
    t.has(line["msg"], "executable file not found")
    t.check("time" in line, "no time")
    t.nothing_left()


@test("start says why the program could not be executed")
def _(t):
    need_root()
    b = t.bundle(None, {"process": {"args": ["/bad"]}})
    with open(f"{b.rootfs}/bad", "w") as f:
        f.write("garbage")
    os.chmod(f"{b.rootfs}/bad", 0o755)
    c = t.created(b)
    t.one_line(t.hull("start", c, fails=True).stderr, "exec format error")
    t.wait_status(c, "stopped")
    t.hull("delete", c)


def read_all(fd, seconds=10):
    """What comes out of a terminal until its other end is closed."""
    data = b""
    while select.select([fd], [], [], seconds)[0]:
        try:
            more = os.read(fd, 4096)
        except OSError:
            break
        if not more:
            break
        data += more
    return data.decode()


def terminal_bundle(t, script):
    return t.bundle(script, {"process": {
        "terminal": True, "consoleSize": {"height": 33, "width": 77}}})


@test("a terminal through the console socket, of the size asked for")
def _(t):
    need_root()
    b = terminal_bundle(t, "tty; stty size; ls -l /dev/console | cut -c1; "
                           "echo x > /dev/console; test -t 0 && echo isatty")
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(t.path("console.sock"))
    sock.listen()
    c = t.id()
    t.hull("create", "--bundle", b.path, "--console-socket",
           t.path("console.sock"), c)
    conn, _ = sock.accept()
    fds = array.array("i")
    _, anc, _, _ = conn.recvmsg(4096, socket.CMSG_LEN(4))
    fds.frombytes(anc[0][2][:4])
    t.hull("start", c)
    out = read_all(fds[0])
    os.close(fds[0])
    t.equal(out.replace("\r", ""), "/dev/pts/0\n33 77\nc\nx\nisatty\n")


@test("a console socket whose path is longer than sun_path")
def _(t):
    need_root()
    b = terminal_bundle(t, "true")
    long = t.path("d" * 100)
    os.makedirs(long)
    sock = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(long)
    sock.bind("console.sock")
    os.chdir(here)
    sock.listen()
    c = t.id()
    t.hull("create", "--bundle", b.path, "--console-socket",
           f"{long}/console.sock", c)
    conn, _ = sock.accept()
    _, anc, _, _ = conn.recvmsg(4096, socket.CMSG_LEN(4))
    fds = array.array("i")
    fds.frombytes(anc[0][2][:4])
    os.close(fds[0])


@test("run copies its own terminal, both ways")
def _(t):
    need_root()
    b = terminal_bundle(t, "read x; echo got $x; exit 5")
    master, slave = pty.openpty()
    p = t.start_hull("run", "--bundle", b.path, t.id(), stdin=slave,
                     stdout=slave, stderr=slave)
    os.close(slave)
    os.write(master, b"word\n")
    out = read_all(master)
    os.close(master)
    p.wait(timeout=10)
    t.equal(p.returncode, 5)
    t.has(out, "got word")


@test("terminal and console socket have to agree")
def _(t):
    need_root()
    b = terminal_bundle(t, "true")
    t.one_line(t.hull("create", "--bundle", b.path, t.id(),
                      fails=True).stderr, "--console-socket")
    b = t.bundle("true")
    t.one_line(t.hull("create", "--bundle", b.path, "--console-socket",
                      t.path("x"), t.id(), fails=True).stderr,
               "--console-socket", "terminal")
    t.nothing_left()


@test("preserved descriptors arrive, others do not")
def _(t):
    need_root()
    b = t.bundle("echo $(ls /proc/self/fd)")
    a, w = os.pipe()
    x, y = os.dup(a), os.dup(a)
    os.dup2(a, 3)
    os.dup2(a, 9)
    for fd in [3, 9]:
        os.set_inheritable(fd, True)
    t.equal(t.run(b, pass_fds=(9,)).stdout, "0 1 2 3\n")
    t.equal(t.run(b, "--preserve-fds", "1", pass_fds=(3, 9)).stdout,
            "0 1 2 3 4\n")
    for fd in {3, 9, a, w, x, y}:
        try:
            os.close(fd)
        except OSError:
            pass


@test("LISTEN_FDS hands sockets on")
def _(t):
    need_root()
    b = t.bundle("echo $LISTEN_FDS $LISTEN_PID; ls /proc/self/fd | head -4")
    s = socket.socket()
    os.dup2(s.fileno(), 3)
    os.set_inheritable(3, True)
    lines = t.run(b, pass_fds=(3,),
                  env={**os.environ, "LISTEN_FDS": "1"}).lines
    os.close(3)
    t.equal(lines[0], "1 1")
    t.has(lines, "3")


main()
