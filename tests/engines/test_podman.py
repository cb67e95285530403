#!/usr/bin/env python3
"""Podman and conmon, with hull as their runtime."""
# timeout: 600
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403
from cage import *  # noqa: E402,F403

# --cgroups=disabled is for the runtimes on a list, whose name lost its "s" in
# the Podman of Debian 12.
CONFIG = f"""\
[engine]
runtime = "hull"
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_nocgroups = ["hull"]
runtime_supports_nocgroup = ["hull"]
runtime_supports_json = ["hull"]
[engine.runtimes]
hull = ["{HULL}"]
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""


class Podman(Engine):
    feature = "podman"
    programs = ("podman", "conmon")

    def start(self, cage):
        cage.write("/run/containers.conf", CONFIG)
        os.environ["CONTAINERS_CONF"] = "/run/containers.conf"
        image = make_image(os.path.join(cage.dir, "image.tar"))
        cage.run("podman", "import", image, "box")

    def __call__(self, *args, **kw):
        return self.need().cage.run("podman", *args, **kw)


podman = Podman()


def options():
    return ["--cgroup-parent", podman.need().cage.cgroup, "--network",
            "none"]


def run(*args, **kw):
    """In the foreground, and gone afterwards."""
    return podman("run", "--rm", *options(), *args, **kw)


def start(t, *args):
    """In the background; its name.  It is removed when the test ends."""
    name = t.id()
    t.undo(lambda: podman("rm", "-f", "-t", "0", name, status=None))
    podman("run", "-d", "--name", name, *options(), *args)
    return name


def sleeper(t, *args):
    return start(t, *args, "box", "sleep", "1000")


def inspect(name, template):
    return podman("inspect", "-f", "{{%s}}" % template, name).stdout.strip()


def group(name):
    return f"libpod-{inspect(name, '.Id')}"


@test("podman info knows hull and uses it")
def _(t):
    runtime = json.loads(podman("info", "-f", "json").stdout)["host"][
        "ociRuntime"]
    t.equal((runtime["name"], runtime["path"]), ("hull", HULL))
    t.has(runtime["version"], "hull version")
    c = sleeper(t)
    t.equal(inspect(c, ".OCIRuntime"), "hull")
    r = podman.need().cage.run(HULL, "state", inspect(c, ".Id"))
    t.equal(json.loads(r.stdout)["status"], "running")


@test("podman run passes output, input and exit code on")
def _(t):
    r = run("box", "sh", "-c", "echo out; echo err >&2; exit 7", status=7)
    t.equal((r.stdout, r.stderr), ("out\n", "err\n"))
    run("box", "false", status=1)
    t.equal(run("-i", "box", "cat", input="hello").stdout, "hello")


@test("podman runs a WebAssembly module, beside native programs")
def _(t):
    need_wasm()
    r = run("box", "/app.wasm", "args", "x y")
    t.equal(r.lines, ["/app.wasm", "args", "x y"])
    run("box", "/app.wasm", "exit", "9", status=9)
    c = start(t, "box", "/app.wasm", "sleep", "1000")
    native = sleeper(t)
    t.equal(inspect(c, ".State.Status"), "running")
    t.equal(podman("exec", native, "echo", "x").stdout, "x\n")
    podman("stop", "-t", "20", c)
    t.check(inspect(c, ".State.ExitCode") != "137", "SIGTERM did not end it")


@test("podman run of what cannot run: 127 and 126")
def _(t):
    r = run("box", "no-such-program", status=127)
    t.has(r.stderr, "no-such-program")
    run("box", "/no/such/path", status=127)
    run("box", "/etc/not-executable", status=126)


@test("podman run -it has a terminal")
def _(t):
    said = podman.need().cage.terminal(
        "podman", "run", "--rm", "-it", *options(), "box", "sh", "-c",
        "tty; echo name?; read x; echo got $x; exit 3", status=3,
        answers=[("name?", "hull\r")])
    t.has(said, "/dev/pts/0")
    t.has(said, "got hull")


@test("podman exec: output, exit code, user, directory, environment")
def _(t):
    c = sleeper(t)
    r = podman("exec", c, "sh", "-c", "echo out; echo err >&2; exit 5",
               status=5)
    t.equal((r.stdout, r.stderr), ("out\n", "err\n"))
    t.equal(podman("exec", "-i", c, "cat", input="in").stdout, "in")
    r = podman("exec", "-u", "1000:1000", "-w", "/tmp", "-e", "A=b c", c,
               "sh", "-c", "id -u; pwd; echo $A")
    t.equal(r.lines, ["1000", "/tmp", "b c"])
    podman("exec", c, "no-such-program", status=127)
    podman("exec", c, "/etc/not-executable", status=126)
    t.equal(podman("exec", c, "echo", "fine").stdout, "fine\n")


@test("podman exec -it has a terminal")
def _(t):
    c = sleeper(t)
    said = podman.need().cage.terminal(
        "podman", "exec", "-it", c, "sh", "-c",
        "tty; echo name?; read x; echo got $x; exit 4", status=4,
        answers=[("name?", "hull\r")])
    t.has(said, "/dev/pts/")
    t.has(said, "got hull")


@test("podman logs and wait")
def _(t):
    c = start(t, "box", "sh", "-c", "echo one; echo two >&2; exit 6")
    t.equal(podman("wait", c).stdout, "6\n")
    r = podman("logs", c)
    t.equal((r.stdout, r.stderr), ("one\n", "two\n"))


@test("podman stop, kill, start, restart, rm -f")
def _(t):
    c = start(t, "box", "sh", "-c", "trap 'exit 9' TERM; echo ready; "
              "while :; do sleep 0.1; done")
    t.wait_until(lambda: "ready" in podman("logs", c).stdout,
                 "the trap is set", 30)
    podman("stop", "-t", "30", c)
    t.equal(inspect(c, ".State.ExitCode"), "9")
    c = sleeper(t)
    podman("kill", c)
    t.equal(podman("wait", c).stdout, "137\n")
    podman("start", c)
    old = inspect(c, ".State.Pid")
    podman("restart", "-t", "0", c)
    t.check(inspect(c, ".State.Pid") != old, "the same process")
    path = group(c)
    podman("rm", "-f", "-t", "0", c)
    t.wait_until(lambda: not podman.need().cage.cgroups_left(path),
                 "its cgroups are gone", 30)


@test("podman pause and unpause")
def _(t):
    c = start(t, "box", "sh", "-c", "while :; do echo x; sleep 0.05; done")
    t.wait_until(lambda: podman("logs", c).stdout, "it runs", 30)
    podman("pause", c)
    t.equal(inspect(c, ".State.Status"), "paused")
    before = wait_quiet(t, lambda: podman("logs", c).stdout)
    podman("unpause", c)
    t.wait_until(lambda: len(podman("logs", c).stdout) > len(before),
                 "it goes on", 30)
    t.equal(podman("exec", c, "echo", "fine").stdout, "fine\n")


@test("podman top and stats")
def _(t):
    c = start(t, "box", "sh", "-c", "sleep 1001 & sleep 1002 & wait")
    t.wait_until(lambda: "sleep 1002" in podman("top", c, "args").stdout,
                 "top lists them", 30)
    r = podman("stats", "--no-stream", "--format", "{{.PIDS}}", c)
    t.equal(r.stdout, "3\n")


@test("podman run --memory --cpus --pids-limit, and podman update")
def _(t):
    c = sleeper(t, "--memory", "64m", "--cpus", "0.5", "--pids-limit", "33")
    cage = podman.need().cage

    def memory():
        return cage.cgroup_file("memory", group(c), "memory.limit_in_bytes",
                                "memory.max")

    t.equal(memory(), str(64 << 20))
    t.equal(cage.cgroup_file("pids", group(c), "pids.max"), "33")
    quota = cage.cgroup_file("cpu", group(c), "cpu.cfs_quota_us", "cpu.max")
    t.equal(quota.split()[0], "50000")
    podman("update", "--memory", "96m", "--memory-swap", "200m", c)
    t.equal(memory(), str(96 << 20))
    t.equal(cage.cgroup_file("pids", group(c), "pids.max"), "33")


@test("podman run --cgroups=disabled makes no cgroup")
def _(t):
    t.equal(podman("run", "--rm", "--cgroups=disabled", "--network", "none",
                   "box", "echo", "free").stdout, "free\n")


@test("podman run --read-only, --tmpfs, -v")
def _(t):
    cage = podman.need().cage
    cage.write("/run/volume/file", "from outside\n")
    r = run("--read-only", "--tmpfs", "/scratch:size=1m", "-v",
            "/run/volume:/v:ro", "-v", "/run/volume:/w", "box", "sh", "-c",
            "touch /x 2>&1; touch /scratch/x && echo scratch; cat /v/file; "
            "touch /v/x 2>&1; echo inside >/w/new")
    t.equal(r.lines, ["touch: /x: Read-only file system", "scratch",
                      "from outside", "touch: /v/x: Read-only file system"])
    t.equal(cage.read("/run/volume/new"), "inside\n")


def status(*args):
    r = run(*args, "box", "cat", "/proc/self/status")
    return dict(x.split(":\t", 1) for x in r.lines if ":\t" in x)


@test("podman run --user, --cap-drop, --cap-add, --privileged, seccomp")
def _(t):
    t.has(run("--user", "1000:1000", "box", "id").stdout,
          "uid=1000(user) gid=1000(user)")
    s = status("--cap-drop", "all", "--cap-add", "NET_ADMIN")
    t.equal(s["CapEff"], "0000000000001000")
    t.equal(s["Seccomp"], "2")
    s = status("--security-opt", "seccomp=unconfined", "--security-opt",
               "no-new-privileges")
    t.equal((s["Seccomp"], s["NoNewPrivs"]), ("0", "1"))
    bounding = int(status("--privileged")["CapBnd"], 16)
    t.check(bounding & 1 << 21, f"no CAP_SYS_ADMIN in {bounding:x}")


@test("podman run with a user namespace")
def _(t):
    r = run("--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536",
            "box", "cat", "/proc/self/uid_map")
    t.equal(r.stdout.split(), ["0", "100000", "65536"])


@test("podman run --hostname, --shm-size, --sysctl")
def _(t):
    r = run("--hostname", "ship", "--shm-size", "3m", "--sysctl",
            "kernel.msgmax=9000", "box", "sh", "-c",
            "hostname; df -k /dev/shm | tail -1; cat /proc/sys/kernel/msgmax")
    t.equal((r.lines[0], r.lines[2]), ("ship", "9000"))
    t.has(r.lines[1], "3072")


@test("a pod: its containers share what the first has")
def _(t):
    cage = podman.need().cage
    name = t.id("pod")
    t.undo(lambda: podman("pod", "rm", "-f", "-t", "0", name, status=None))
    podman("pod", "create", "--infra=false", "--name", name,
           "--cgroup-parent", cage.cgroup, "--share", "")
    first = t.id()
    podman("run", "-d", "--pod", name, "--network", "none", "--name", first,
           "box", "sleep", "1000")
    r = podman("run", "--rm", "--pod", name, "--network",
               f"container:{first}", "--pid", f"container:{first}", "box",
               "ps")
    t.has(r.stdout, "sleep 1000")


@test("podman run -p publishes a port")
def _(t):
    need_program("iptables")
    if not os.path.exists("/usr/lib/cni/bridge"):
        skip("podman", "no CNI plugins (package containernetworking-plugins)")
    cage = podman.need().cage
    name = t.id()
    t.undo(lambda: podman("rm", "-f", "-t", "0", name, status=None))
    podman("run", "-d", "--name", name, "--cgroup-parent", cage.cgroup, "-p",
           "8080:80", "box", "sh", "-c", "mkdir -p /www; "
           "echo hello >/www/index.html; exec httpd -f -p 80 -h /www")
    address = inspect(name, ".NetworkSettings.IPAddress")
    r = cage.wait_ready(busybox(), "wget", "-q", "-O", "-",
                        f"http://{address}/")
    t.equal(r.stdout, "hello\n")


@test("a health check runs")
def _(t):
    c = sleeper(t, "--health-cmd", "test -e /proc/1", "--health-interval",
                "disable")
    podman("healthcheck", "run", c)


@test("20 containers at once")
def _(t):
    cage = podman.need().cage
    names = [t.id() for _ in range(20)]
    t.undo(lambda: podman("rm", "-f", "-t", "0", *names, status=None))
    made = cage.run("sh", "-c", 'group=$1; shift; i=0; for x; do podman run '
                    "-d --network none --cgroup-parent $group --name $x box "
                    "sleep 1000 >/dev/null & i=$((i + 1)); "
                    "[ $((i % 5)) != 0 ] || wait; done; wait",
                    "sh", cage.cgroup, *names, timeout=150)
    t.equal(made.stderr, "")
    t.check(len(podman("ps", "-q").lines) >= 20, "not all run")
    podman("rm", "-f", "-t", "0", *names)


@test("nothing is left when all containers are gone")
def _(t):
    cage = podman.need().cage
    t.wait_until(lambda: not podman("ps", "-aq").stdout, "no container", 30)
    t.wait_until(lambda: all(x.endswith("/conmon")
                             for x in cage.cgroups_left()),
                 "no cgroup is left", 30)
    t.equal(cage.run(HULL, "list", "-q").stdout, "")


with podman:
    main()
