#!/usr/bin/env python3
"""containerd, with hull below its containerd-shim-runc-v2."""
# timeout: 600
import itertools
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403
from cage import *  # noqa: E402,F403

IMAGE = "hull.test/box:latest"
CONFIG = f"""\
version = 2
root = "/run/containerd-data"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "hull"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.hull]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.hull.options]
    BinaryName = "{HULL}"
"""


class Containerd(Engine):
    feature = "containerd"
    programs = ("containerd", "ctr", "containerd-shim-runc-v2")

    def start(self, cage):
        archive = make_oci_archive(os.path.join(cage.dir, "image.tar"), IMAGE)
        cage.write("/run/containerd.toml", CONFIG)
        cage.daemon("containerd", "containerd", "-c", "/run/containerd.toml")
        cage.wait_ready("ctr", "version")
        cage.run("ctr", "image", "import", archive)

    def __call__(self, *args, **kw):
        return self.need().cage.run("ctr", *args, **kw)


ctr = Containerd()
OPTIONS = ("--runc-binary", HULL)


COUNT = itertools.count()


def unique(t):
    """A test that failed may have left its names to the next ones."""
    return t.id(f"{next(COUNT)}-")


def group(name):
    return f"{ctr.need().cage.cgroup}/{name}"


def run(t, *args, options=(), **kw):
    """In the foreground, and gone afterwards."""
    name = unique(t)
    return ctr("run", "--rm", *OPTIONS, "--cgroup", group(name), *options,
               IMAGE, name, *args, **kw)


def start(t, *args, options=()):
    """In the background; its name.  It is removed when the test ends."""
    name = unique(t)

    def remove():
        ctr("task", "rm", "-f", name, status=None)
        ctr("container", "rm", name, status=None)

    t.undo(remove)
    ctr("run", "-d", *OPTIONS, "--cgroup", group(name), *options, IMAGE, name,
        *(args or ("sleep", "1000")), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    return name


def task_state(name):
    for line in ctr("task", "ls").lines:
        if line.split()[0] == name:
            return line.split()[2]
    return None


@test("containerd takes hull as the default runtime of Kubernetes")
def _(t):
    # No client of that interface is at hand: this is the configuration only.
    plugins = [x.split() for x in ctr("plugins", "ls").lines]
    cri = [x for x in plugins if x[:2] == ["io.containerd.grpc.v1", "cri"]]
    t.equal([x[-1] for x in cri], ["ok"])


@test("ctr runs a WebAssembly module, beside native programs")
def _(t):
    need_wasm()
    native = start(t)
    r = run(t, "/app.wasm", "args", "x y")
    t.equal(r.lines, ["/app.wasm", "args", "x y"])
    run(t, "/app.wasm", "exit", "9", status=9)
    c = start(t, "/app.wasm", "sleep", "1000")
    t.equal((task_state(c), task_state(native)), ("RUNNING", "RUNNING"))
    ctr("task", "kill", "-s", "SIGTERM", c)
    t.wait_until(lambda: task_state(c) == "STOPPED", "it ended", 20)


@test("ctr run passes output, input and exit code on")
def _(t):
    r = run(t, "sh", "-c", "echo out; echo err >&2; exit 7", status=7)
    t.equal((r.stdout, r.stderr.splitlines()[0]), ("out\n", "err"))
    # ctr may miss the end of its input if that comes early: do not wait for
    # it.
    t.equal(run(t, "head", "-c", "5", input="hello").stdout, "hello")
    run(t, "true")


@test("the task is a container of hull's")
def _(t):
    c = start(t)
    r = ctr.need().cage.run(HULL, "--root", "/run/containerd/runc/default",
                            "state", c)
    state = json.loads(r.stdout)
    t.equal(state["status"], "running")
    t.equal(state["id"], c)


@test("ctr run of what cannot run names it and leaves nothing")
def _(t):
    r = run(t, "no-such-program", status=1)
    t.has(r.stderr, "no-such-program")
    t.has(r.stderr, "executable file not found")
    r = run(t, "/etc/not-executable", status=1)
    t.has(r.stderr, "permission denied")
    r = ctr.need().cage.run("ls", "/run/containerd/runc/default")
    t.equal(r.stdout, "")


@test("ctr run -t has a terminal")
def _(t):
    c = unique(t)
    said = ctr.need().cage.terminal(
        "ctr", "run", "--rm", "-t", *OPTIONS, "--cgroup", group(c), IMAGE, c,
        "sh", "-c", "test -t 0 && tty; echo name?; read x; echo got $x; "
        "exit 3", status=3, answers=[("name?", "hull\r")])
    t.has(said, "/dev/pts/0")
    t.has(said, "got hull")


@test("ctr task exec: output, exit code, terminal, what cannot run")
def _(t):
    c = start(t)
    r = ctr("task", "exec", "--exec-id", "one", c, "sh", "-c",
            "echo out; exit 5", status=5)
    t.equal(r.stdout, "out\n")
    said = ctr.need().cage.terminal(
        "ctr", "task", "exec", "-t", "--exec-id", "two", c, "sh", "-c",
        "test -t 1 && tty; echo name?; read x; echo got $x; exit 4",
        status=4, answers=[("name?", "hull\r")])
    t.has(said, "/dev/pts/0")
    t.has(said, "got hull")
    r = ctr("task", "exec", "--exec-id", "three", c, "no-such-program",
            status=1)
    t.has(r.stderr, "executable file not found")
    r = ctr("task", "exec", "--exec-id", "four", "--user", "1000:1000", c,
            "id", "-u")
    t.equal(r.stdout, "1000\n")


@test("ctr task kill: a signal, then --all; the exit status is kept")
def _(t):
    c = start(t, "sh", "-c", "trap 'exit 11' USR1; : >/tmp/ready; "
              "while :; do sleep 0.1; done")
    t.wait_until(lambda: ctr("task", "exec", "--exec-id", "look", c, "test",
                             "-e", "/tmp/ready", status=None).status == 0,
                 "the trap is set", 30)
    ctr("task", "kill", "-s", "SIGUSR1", c)
    t.wait_until(lambda: task_state(c) == "STOPPED", "it has ended", 30)
    t.has(ctr("task", "rm", c, status=None).stderr, "exit code 11")
    c = start(t, "sh", "-c", "sleep 1001 & sleep 1002")
    ctr("task", "kill", "--all", "-s", "SIGKILL", c)
    t.wait_until(lambda: task_state(c) == "STOPPED", "it has ended", 30)
    t.has(ctr("task", "rm", c, status=None).stderr, "exit code 137")


@test("ctr task pause and resume")
def _(t):
    c = start(t)
    ctr("task", "pause", c)
    t.equal(task_state(c), "PAUSED")
    ctr("task", "resume", c)
    t.equal(task_state(c), "RUNNING")
    t.equal(ctr("task", "exec", "--exec-id", "a", c, "echo", "fine").stdout,
            "fine\n")


@test("ctr task ps and metrics see the processes")
def _(t):
    c = start(t, "sh", "-c", "sleep 1001 & sleep 1002 & wait")
    t.wait_until(lambda: len(ctr("task", "ps", c).lines) == 4,
                 "there are three processes", 30)
    # Its metrics are those of the cgroup that hull made.
    r = ctr("task", "metrics", "--format", "json", c)
    metrics = json.loads(r.stdout)
    t.equal(int(metrics["pids"]["current"]), 3, "pids.current")
    t.check(int(metrics["memory"]["usage"]["usage"]) > 0, "no memory")


@test("ctr run --memory-limit --cpus")
def _(t):
    c = start(t, options=("--memory-limit", str(64 << 20), "--cpus", "0.5"))
    cage = ctr.need().cage
    t.equal(cage.cgroup_file("memory", c, "memory.limit_in_bytes",
                             "memory.max"), str(64 << 20))
    quota = cage.cgroup_file("cpu", c, "cpu.cfs_quota_us", "cpu.max")
    t.equal(quota.split()[0], "50000")


@test("ctr run --read-only, --mount, --env, --cwd")
def _(t):
    cage = ctr.need().cage
    cage.write("/run/volume/file", "from outside\n")
    r = run(t, "sh", "-c", "touch /x 2>&1; cat /v/file; touch /v/x 2>&1; "
            "pwd; echo $A", options=(
                "--read-only", "--cwd", "/home", "--env", "A=b c", "--mount",
                "type=bind,src=/run/volume,dst=/v,options=rbind:ro"))
    t.equal(r.lines, ["touch: /x: Read-only file system", "from outside",
                      "touch: /v/x: Read-only file system", "/home", "b c"])


def status(t, *options):
    r = run(t, "cat", "/proc/self/status", options=options)
    return dict(x.split(":\t", 1) for x in r.lines if ":\t" in x)


@test("ctr run --privileged, --cap-drop, --seccomp")
def _(t):
    t.equal(status(t)["Seccomp"], "0")
    s = status(t, "--seccomp", "--cap-drop", "CAP_CHOWN")
    t.equal(s["Seccomp"], "2")
    t.equal(int(s["CapEff"], 16) & 1, 0, "CAP_CHOWN")
    t.equal(s["NoNewPrivs"], "1")
    bounding = int(status(t, "--privileged")["CapBnd"], 16)
    t.check(bounding & 1 << 21, f"no CAP_SYS_ADMIN in {bounding:x}")


@test("ctr run with a user namespace")
def _(t):
    r = run(t, "cat", "/proc/self/uid_map", options=(
        "--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"))
    t.equal(r.stdout.split(), ["0", "100000", "65536"])


@test("ctr run --net-host, --with-ns")
def _(t):
    c = start(t)
    pid = [x.split()[1] for x in ctr("task", "ls").lines
           if x.split()[0] == c][0]
    ns = "readlink /proc/self/ns/net"
    joined = run(t, "sh", "-c", ns, options=(
        "--with-ns", f"network:/proc/{pid}/ns/net")).stdout
    inside = ctr("task", "exec", "--exec-id", "n", c, "sh", "-c", ns).stdout
    t.equal(joined, inside)
    host = ctr.need().cage.run("sh", "-c", ns).stdout
    t.check(host != inside, "it has no network namespace of its own")
    t.equal(run(t, "sh", "-c", ns, options=("--net-host",)).stdout, host)


@test("20 tasks at once")
def _(t):
    names = [start(t) for _ in range(20)]
    running = [x for x in ctr("task", "ls").lines if "RUNNING" in x]
    t.equal(len(running), 20)
    for name in names:
        ctr("task", "kill", "-s", "SIGKILL", name)
    t.wait_until(lambda: "RUNNING" not in ctr("task", "ls").stdout,
                 "all have ended", 40)


@test("hull bench starts containers through it, and counts their shims")
def _(t):
    cage = ctr.need().cage
    cage.run(HULL, "bench", "boot", "memory", "--via", "ctr", "--runtimes",
             "ctr+hull", "--counts", "1,3", "--out", t.path("out"),
             timeout=120)
    with open(t.path("out/results.json")) as f:
        results = json.load(f)
    for experiment in ("boot", "memory"):
        last = [r for r in results[experiment]
                if r["participant"] == "ctr+hull"][-1]
        t.equal((last["ok"], last["failed"]), (3, 0), experiment)
    # A shim and the workload, each.
    t.equal(last["processes"], 6, "processes")
    t.check(0 < last["shims"] < last["pss"], f"{last}")
    t.equal(ctr("-n", "hull-bench", "containers", "ls", "-q").stdout, "",
            "what is left")


@test("nothing is left when all tasks are gone")
def _(t):
    cage = ctr.need().cage
    t.wait_until(lambda: not ctr("task", "ls", "-q").stdout, "no task", 30)
    t.wait_until(lambda: not cage.cgroups_left(), "no cgroup is left", 30)
    t.equal(cage.run("ls", "/run/containerd/runc/default").stdout, "")


with ctr:
    main()
