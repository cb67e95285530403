#!/usr/bin/env python3
"""How the command line is read, and what it answers when it can't be."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403

COMMANDS = ["create", "start", "run", "exec", "kill", "delete", "state",
            "list", "ps", "pause", "resume", "update", "events", "spec",
            "features", "do", "doctor"]


@test("every command has help of no more than 80 columns")
def _(t):
    for words in [[]] + [[c] for c in COMMANDS]:
        r = t.hull(*words, "--help")
        t.check(r.stdout.startswith("Usage: hull "),
                f"{words}: {r.stdout!r:.60}")
        wide = [x for x in r.lines if len(x) > 80]
        t.check(not wide, f"{words}: too wide: {wide}")
        t.equal(r.stderr, "", "standard error")
    for c in COMMANDS:
        t.has(t.hull("--help").stdout, f"\n  {c} ")
        t.equal(t.hull(c, "-h").stdout, t.hull(c, "--help").stdout, c)


@test("no command at all is an error that shows the help")
def _(t):
    r = t.hull(status=1)
    t.has(r.stderr, "Usage: hull ")
    t.equal(r.stdout, "", "standard output")


@test("--version is what engines parse")
def _(t):
    lines = t.hull("--version").lines
    t.check(lines[0].startswith("hull version 0."), lines[0])
    t.check(lines[1].startswith("spec: 1."), lines[1])
    t.check(any(x.startswith("libseccomp: ") for x in lines), str(lines))
    t.equal(t.hull("-v").lines, lines, "-v")


@test("an unknown command or option is one line with the nearest name")
def _(t):
    for args, parts in [
            (["creat", "x"], ['"creat"', "did you mean create"]),
            (["frobnicate"], ['"frobnicate"', "hull --help"]),
            (["--rot", "/x", "list"], ["--rot", "--root"]),
            (["run", "--bundel", "x", "y"], ["--bundel", "--bundle"]),
            (["run", "--zzz", "y"], ["--zzz", "hull run --help"]),
            (["delete", "-Z", "y"], ["-Z"])]:
        r = t.hull(*args, status=1)
        t.one_line(r.stderr, *parts)


@test("missing and surplus arguments are named")
def _(t):
    for args, parts in [
            (["create"], ["create: ID is missing"]),
            (["start"], ["start: CONTAINER is missing"]),
            (["exec"], ["CONTAINER is missing"]),
            (["do"], ["PROGRAM is missing"]),
            (["state", "a", "b"], ['"b"']),
            (["list", "a"], ['"a"']),
            (["kill", "a", "TERM", "c"], ['"c"']),
            (["run", "--bundle"], ["--bundle needs a value"]),
            (["run", "-b"], ["-b needs a value"])]:
        t.one_line(t.hull(*args, status=1).stderr, *parts)


@test("values are checked, and the message says what would do")
def _(t):
    for args, parts in [
            (["--log-format", "xml", "list"],
             ["--log-format xml", "text or json"]),
            (["--cgroup-manager", "magic", "list"],
             ["--cgroup-manager magic", "cgroupfs, systemd or disabled"]),
            (["--rootless", "maybe", "list"],
             ["--rootless maybe", "auto, true or false"]),
            (["--log-level", "loud", "list"], ["--log-level loud"]),
            (["list", "--format", "xml"], ["--format xml"]),
            (["ps", "--format", "xml", "x"], ["--format xml"]),
            (["run", "--preserve-fds", "-1", "x"], ["--preserve-fds -1"]),
            (["run", "--preserve-fds", "0x3", "x"], ["--preserve-fds 0x3"]),
            (["run", "--preserve-fds", "99999999999999999999", "x"],
             ["--preserve-fds"]),
            (["run", "--detach=perhaps", "x"], ["--detach"]),
            (["events", "--interval", "soon", "x"], ["--interval soon"]),
            (["events", "--interval", "0s", "x"], ["--interval 0s"]),
            (["do", "--memory", "much", "true"], ["--memory much"]),
            (["do", "--cpus", "1.", "true"], ["--cpus 1."]),
            (["do", "--cpus", "-1", "true"], ["--cpus -1"]),
            (["do", "--cpus", "0", "true"], ["--cpus 0"]),
            (["do", "--net", "bridge", "true"],
             ["--net bridge", "host or none"]),
            (["do", "--rw", "/not/there", "true"], ["--rw /not/there"])]:
        t.one_line(t.hull(*args, status=1).stderr, *parts)


@test("options are written in any of the usual ways")
def _(t):
    b = t.bundle("exit 5")
    for args in [["--bundle", b.path], [f"--bundle={b.path}"],
                 ["-b", b.path], [f"-b{b.path}"], [f"-b={b.path}"]]:
        t.hull("run", *args, t.id(), status=5)
    # crun takes them behind the id, too.
    t.hull("run", t.id(), "--bundle", b.path, status=5)
    t.hull("run", "-b", "/not/there", "-b", b.path, t.id(), status=5)
    t.hull("run", "--detach=false", "-b", b.path, t.id(), status=5)
    t.hull("run", "-b", b.path, "--", t.id(), status=5)


@test("what follows the program of exec and do is the program's")
def _(t):
    name = t.running("sleep 100")
    r = t.hull("exec", name, "/bin/echo", "-t", "--help", "--", "x")
    t.equal(r.stdout, "-t --help -- x\n", "output")
    r = t.hull("exec", "--", name, "/bin/echo", "-n")
    t.equal(r.stdout, "", "output")


@test("ps passes options on to the host's ps, and shows its own lines only")
def _(t):
    need_program("ps", "procps")
    name = t.running("sleep 100 & sleep 100")
    pids = json.loads(t.hull("ps", "--format", "json", name).stdout)
    t.equal(len(pids), 2, "processes")
    head, *lines = t.hull("ps", name, "-eo", "user,pid,args").lines
    t.equal(head.split(), ["USER", "PID", "COMMAND"], "the columns")
    t.equal(sorted(int(x.split()[1]) for x in lines), sorted(pids), "pids")
    r = t.hull("ps", name, "-eo", "user", status=1)
    t.one_line(r.stderr, "PID")


@test("the log file has what standard error has, as text or JSON")
def _(t):
    log = t.path("log")
    r = t.hull("--log", log, "--log-format", "json", "state", "nobody",
               status=1)
    t.one_line(r.stderr, "nobody")
    with open(log) as f:
        entry = json.loads(f.read())
    t.equal(sorted(entry), ["level", "msg", "time"], "the keys")
    t.equal(entry["level"], "error", "level")
    t.equal("hull: " + entry["msg"] + "\n", r.stderr, "msg")
    # It is added to, and crun's prefix is known.
    t.hull("--log", "file:" + log, "--log-format=json", "state", "x",
           status=1)
    with open(log) as f:
        t.equal(len(f.readlines()), 2, "lines in the log")
    t.hull("--log", t.path("plain"), "state", "nobody", status=1)
    with open(t.path("plain")) as f:
        t.has(f.read(), " error: ")


@test("a log that cannot be opened is an error")
def _(t):
    r = t.hull("--log", "/not/there/log", "list", status=1)
    t.one_line(r.stderr, "--log /not/there/log", "No such file")


@test("--debug and --log-level say more")
def _(t):
    b = t.bundle("true")
    quiet = t.hull("run", "-b", b.path, t.id()).stderr
    t.equal(quiet, "", "standard error")
    for args in [["--debug"], ["--log-level", "debug"],
                 ["--log-level=trace"]]:
        t.hull(*args, "run", "-b", b.path, t.id())


@test("--systemd-cgroup is refused with the reason")
def _(t):
    b = t.bundle("true")
    for args in [["--systemd-cgroup"], ["--cgroup-manager", "systemd"]]:
        t.one_line(t.hull(*args, "run", "-b", b.path, t.id(),
                          status=1).stderr, "systemd")
    t.nothing_left()


@test("--cgroup-manager disabled leaves the processes where they are")
def _(t):
    r = t.hull("--cgroup-manager", "disabled", "run", "-b",
               t.bundle("cat /proc/self/cgroup").path, t.id())
    t.check("hull-test" not in r.stdout, r.stdout)


@test("--criu and other options of peers are accepted")
def _(t):
    t.hull("--criu", "/usr/sbin/criu", "list")
    t.hull("run", "--no-subreaper", "-b", t.bundle("true").path, t.id())


@test("a sandbox that is not there is an error, never another one")
def _(t):
    b = t.bundle("echo ran")
    for name in ["microvm", "appkernel", "gvisor"]:
        r = t.hull("--sandbox", name, "run", "-b", b.path, t.id(), status=1)
        t.one_line(r.stderr, name)
        t.equal(r.stdout, "", "output")
    t.nothing_left()


@test("the name that hull is called by chooses the sandbox")
def _(t):
    link = t.path("hull-microvm")
    os.symlink(HULL, link)
    r = subprocess.run([link, "--root", t.root, "run", "-b",
                        t.bundle("echo ran").path, t.id()],
                       capture_output=True, text=True, timeout=30,
                       check=False)
    t.equal(r.returncode, 1, "exit status")
    t.one_line(r.stderr, "microvm")


@test("closed standard streams do not become the container's files")
def _(t):
    b = t.bundle("ls -l /proc/self/fd/ | grep -c null")
    log = t.path("out")
    script = f'exec "$0" "$@" <&- 2>&- >{log}'
    t.hull("run", "-b", b.path, t.id(), prefix=["sh", "-c", script])
    with open(log) as f:
        t.check(int(f.read()) >= 2, "stdin and stderr are /dev/null")


@test("output that cannot be written is an error")
def _(t):
    with open("/dev/full", "w") as full:
        for verb in [["list", "--format", "json"], ["features"], ["--help"]]:
            r = t.hull(*verb, stdout=full, status=1)
            t.has(r.stderr, "standard output")


main()
