#!/usr/bin/env python3
"""Docker, with hull as the runtime of all its containers."""
# timeout: 600
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403
from cage import *  # noqa: E402,F403


class Docker(Engine):
    feature = "docker"
    programs = ("dockerd", "containerd", "docker", "iptables")

    def start(self, cage):
        image = make_image(os.path.join(cage.dir, "image.tar"))
        cage.write("/run/daemon.json", json.dumps({
            "runtimes": {"hull": {"path": HULL},
                         "loud": {"path": HULL, "runtimeArgs": ["--debug"]}},
            "live-restore": True,
            "default-runtime": "hull",
            "cgroup-parent": cage.cgroup,
            "hosts": ["unix:///run/docker.sock"],
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
            "containerd": "/run/containerd/containerd.sock",
            "bip": "172.30.0.1/24",
        }))
        cage.write("/run/containerd.toml", 'version = 2\n'
                   'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        cage.daemon("containerd", "containerd", "-c", "/run/containerd.toml")
        cage.wait_ready("test", "-S", "/run/containerd/containerd.sock")
        self.start_dockerd(cage)
        with open(image) as f:
            cage.run("docker", "import", "-", "box", stdin=f)

    def start_dockerd(self, cage):
        cage.daemon("dockerd", "dockerd", "--config-file", "/run/daemon.json",
                    "--pidfile", "/run/dockerd.pid")
        cage.wait_ready("docker", "version")

    def __call__(self, *args, **kw):
        return self.need().cage.run("docker", *args, **kw)


docker = Docker()


def inspect(name, template):
    return docker("inspect", "-f", "{{%s}}" % template, name).stdout.strip()


def start(t, *args):
    """A container in the background; its name.  It is removed when the test
    ends."""
    name = t.id()
    t.undo(lambda: docker("rm", "-f", name, status=None))
    docker("run", "-d", "--name", name, *args)
    return name


def sleeper(t, *options):
    return start(t, *options, "box", "sleep", "1000")


def group(name):
    """The container's cgroup, below the engine's."""
    return inspect(name, ".Id")


@test("docker info knows hull and uses it")
def _(t):
    t.equal(docker("info", "-f", "{{.DefaultRuntime}}").stdout, "hull\n")
    c = sleeper(t)
    t.equal(inspect(c, ".HostConfig.Runtime"), "hull")
    # The directory's name has changed with Docker's versions.
    state = docker.need().cage.run(
        "sh", "-c", f"for d in /run/docker/runtime-*/moby; do {HULL} --root "
        "$d state $1 && exit; done; exit 1", "sh", group(c))
    t.equal(json.loads(state.stdout)["status"], "running")


@test("docker run passes output and exit code on")
def _(t):
    r = docker("run", "--rm", "box", "sh", "-c", "echo out; echo err >&2")
    t.equal((r.stdout, r.stderr), ("out\n", "err\n"))
    docker("run", "--rm", "box", "sh", "-c", "exit 7", status=7)
    docker("run", "--rm", "box", "false", status=1)


@test("docker runs a WebAssembly module, beside native programs")
def _(t):
    need_wasm()
    r = docker("run", "--rm", "--network", "none", "box", "/app.wasm", "args",
               "x y")
    t.equal(r.lines, ["/app.wasm", "args", "x y"])
    docker("run", "--rm", "--entrypoint", "/app.wasm", "box", "exit", "9",
           status=9)
    c = start(t, "box", "/app.wasm", "sleep", "1000")
    native = sleeper(t)
    t.equal(inspect(c, ".State.Status"), "running")
    t.equal(docker("exec", native, "echo", "x").stdout, "x\n")
    docker("stop", "-t", "20", c)
    t.equal(inspect(c, ".State.Status"), "exited")
    t.check(inspect(c, ".State.ExitCode") != "137", "SIGTERM did not end it")


@test("docker run -i passes stdin on")
def _(t):
    r = docker("run", "--rm", "-i", "box", "cat", input="hello")
    t.equal(r.stdout, "hello")


@test("docker run of a missing program exits with 127 and names it")
def _(t):
    r = docker("run", "--rm", "box", "no-such-program", status=127)
    t.has(r.stderr, "no-such-program")
    t.has(r.stderr, "executable file not found")
    docker("run", "--rm", "box", "/no/such/path", status=127)


@test("docker run of what is not executable exits with 126")
def _(t):
    r = docker("run", "--rm", "box", "/etc/not-executable", status=126)
    t.has(r.stderr, "permission denied")
    docker("run", "--rm", "box", "/etc", status=126)


@test("docker run exits with 137 when the program is killed")
def _(t):
    c = sleeper(t)
    docker("kill", c)
    t.equal(docker("wait", c).stdout, "137\n")


@test("docker run -it has a terminal of the given size")
def _(t):
    said = docker.need().cage.terminal(
        "docker", "run", "--rm", "-it", "box", "sh", "-c",
        "tty; test -t 0 && test -t 2 && echo all; echo name?; read x; "
        "echo got $x; exit 3",
        status=3, answers=[("name?", "hull\r")])
    t.has(said, "/dev/pts/0")
    t.has(said, "all")
    t.has(said, "got hull")


@test("docker exec: output, exit code, stdin, user, directory, environment")
def _(t):
    c = sleeper(t)
    r = docker("exec", c, "sh", "-c", "echo out; echo err >&2; exit 5",
               status=5)
    t.equal((r.stdout, r.stderr), ("out\n", "err\n"))
    t.equal(docker("exec", "-i", c, "cat", input="in").stdout, "in")
    r = docker("exec", "-u", "1000:1000", "-w", "/tmp", "-e", "A=b c", c,
               "sh", "-c", "id -u; pwd; echo $A")
    t.equal(r.lines, ["1000", "/tmp", "b c"])
    t.equal(docker("exec", "-u", "user", c, "id", "-u").stdout, "1000\n")


@test("docker exec of what cannot run fails and names it")
def _(t):
    c = sleeper(t)
    r = docker("exec", c, "no-such-program", status=None)
    # Docker has said 127 for these since 23.0 and 126 before, whatever the
    # runtime.
    t.check(r.status in (126, 127), f"exit status {r.status}")
    t.has(r.stdout + r.stderr, "no-such-program")
    docker("exec", c, "/etc/not-executable", status=126)
    # And the container is none the worse for it.
    t.equal(docker("exec", c, "echo", "fine").stdout, "fine\n")


@test("docker exec -it has a terminal")
def _(t):
    c = sleeper(t)
    said = docker.need().cage.terminal(
        "docker", "exec", "-it", c, "sh", "-c",
        "test -t 1 && echo yes; echo name?; read x; echo got $x; exit 4",
        status=4, answers=[("name?", "hull\r")])
    t.has(said, "yes")
    t.has(said, "got hull")


@test("docker logs shows both streams, docker attach none of the past")
def _(t):
    c = start(t, "box", "sh", "-c", "echo one; echo two >&2")
    docker("wait", c)
    r = docker("logs", c)
    t.equal((r.stdout, r.stderr), ("one\n", "two\n"))


@test("docker stop: SIGTERM, then SIGKILL")
def _(t):
    polite = start(t, "box", "sh", "-c",
                   "trap 'echo bye; exit 9' TERM; echo ready; "
                   "while :; do sleep 0.1; done")
    t.wait_until(lambda: "ready" in docker("logs", polite).stdout,
                 "the trap is set", 30)
    docker("stop", "-t", "30", polite)
    t.equal(inspect(polite, ".State.ExitCode"), "9")
    t.has(docker("logs", polite).stdout, "bye")
    # A first process without a handler does not see SIGTERM at all.
    deaf = sleeper(t)
    docker("stop", "-t", "1", deaf)
    t.equal(inspect(deaf, ".State.ExitCode"), "137")


@test("docker kill -s sends that signal")
def _(t):
    c = start(t, "box", "sh", "-c", "trap 'exit 11' USR1; echo ready; "
              "while :; do sleep 0.1; done")
    t.wait_until(lambda: "ready" in docker("logs", c).stdout,
                 "the trap is set", 30)
    docker("kill", "-s", "USR1", c)
    t.equal(docker("wait", c).stdout, "11\n")


@test("docker pause freezes, unpause thaws, a paused container can be removed")
def _(t):
    c = start(t, "box", "sh", "-c",
              "while :; do echo x; sleep 0.05; done")
    t.wait_until(lambda: docker("logs", c).stdout, "it runs", 30)
    docker("pause", c)
    t.equal(inspect(c, ".State.Status"), "paused")
    t.has(docker("exec", c, "true", status=None).stderr, "paused")
    before = wait_quiet(t, lambda: docker("logs", c).stdout)
    docker("unpause", c)
    t.equal(inspect(c, ".State.Status"), "running")
    t.wait_until(lambda: len(docker("logs", c).stdout) > len(before),
                 "it goes on", 30)
    docker("pause", c)
    docker("rm", "-f", c)


@test("docker top and stats see the processes")
def _(t):
    c = start(t, "box", "sh", "-c", "sleep 1001 & sleep 1002 & wait")
    t.wait_until(lambda: "sleep 1002" in docker("top", c).stdout,
                 "top lists them", 30)
    t.has(docker("top", c).stdout, "sleep 1001")
    r = docker("stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}",
               c)
    t.check(int(r.stdout.split()[0]) >= 3, f"stats: {r.stdout}")
    t.check(not r.stdout.split()[1].startswith("0B"), f"stats: {r.stdout}")


@test("docker run --memory --cpus --pids-limit, and docker update")
def _(t):
    c = sleeper(t, "--memory", "64m", "--cpus", "0.5", "--pids-limit", "33",
                "--cpu-shares", "512")
    cage = docker.need().cage

    def memory():
        return cage.cgroup_file("memory", group(c), "memory.limit_in_bytes",
                                "memory.max")

    t.equal(memory(), str(64 << 20))
    t.equal(cage.cgroup_file("pids", group(c), "pids.max"), "33")
    quota = cage.cgroup_file("cpu", group(c), "cpu.cfs_quota_us", "cpu.max")
    t.equal(quota.split()[0], "50000")
    docker("update", "--memory", "96m", "--memory-swap", "-1", c)
    t.equal(memory(), str(96 << 20))
    # What was not in the update stays as it was.
    t.equal(cage.cgroup_file("pids", group(c), "pids.max"), "33")


def killed_for_memory(t):
    c = start(t, "--memory", "16m", "--memory-swap", "16m", "box", "sh", "-c",
              "while [ ! -e /go ]; do sleep 0.1; done; "
              "x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done")
    docker("exec", c, "touch", "/go")
    t.equal(docker("wait", c).stdout, "137\n")
    return inspect(c, ".State.OOMKilled") == "true"


@test("docker inspect says that a container was killed for its memory")
def _(t):
    # containerd sends the two events, killed and ended, in no certain order,
    # and Docker does not look for the first one after the second.
    t.check(any(killed_for_memory(t) for _ in range(4)), "it does not")


@test("docker restart, stop and start, rm -f")
def _(t):
    c = sleeper(t)
    old = inspect(c, ".State.Pid")
    docker("restart", "-t", "0", c)
    t.check(inspect(c, ".State.Pid") != old, "the same process")
    docker("stop", "-t", "0", c)
    docker("start", c)
    t.equal(docker("exec", c, "echo", "up").stdout, "up\n")
    path = group(c)
    docker("rm", "-f", c)
    t.wait_until(lambda: not docker.need().cage.cgroups_left(path),
                 "its cgroups are gone", 30)


@test("docker run --read-only, --tmpfs, -v")
def _(t):
    cage = docker.need().cage
    cage.write("/run/volume/file", "from outside\n")
    r = docker("run", "--rm", "--read-only", "--tmpfs",
               "/scratch:size=1m,mode=1777", "-v", "/run/volume:/v:ro", "-v",
               "/run/volume:/w", "box", "sh", "-c",
               "touch /x 2>&1; touch /scratch/x && echo scratch; cat /v/file;"
               "touch /v/x 2>&1; echo inside >/w/new; "
               "grep ' /scratch ' /proc/mounts")
    t.has(r.stdout, "/x: Read-only file system")
    t.has(r.stdout, "scratch\nfrom outside\n")
    t.has(r.stdout, "/v/x: Read-only file system")
    t.has(r.stdout, "size=1024k")
    t.equal(cage.read("/run/volume/new"), "inside\n")


def status(*options, user="root"):
    r = docker("run", "--rm", *options, "box", "cat", "/proc/self/status")
    return dict(x.split(":\t", 1) for x in r.lines if ":\t" in x)


@test("docker run --user, --group-add, --cap-drop, --cap-add, --privileged")
def _(t):
    r = docker("run", "--rm", "--user", "1000:1000", "--group-add", "77",
               "box", "id")
    t.has(r.stdout, "uid=1000(user) gid=1000(user)")
    t.has(r.stdout, "77")
    s = status("--cap-drop", "ALL", "--cap-add", "NET_ADMIN")
    t.equal(s["CapEff"], "0000000000001000")
    t.equal(s["CapBnd"], "0000000000001000")
    t.equal(status("--user", "1000")["CapEff"], "0" * 16)
    bounding = int(status("--privileged")["CapBnd"], 16)
    t.check(bounding & 1 << 21, f"no CAP_SYS_ADMIN in {bounding:x}")


@test("docker run --security-opt: seccomp by default, unconfined, a profile")
def _(t):
    t.equal(status()["Seccomp"], "2")
    t.equal(status("--security-opt", "seccomp=unconfined")["Seccomp"], "0")
    t.equal(status("--security-opt", "no-new-privileges")["NoNewPrivs"], "1")
    # unshare needs CAP_SYS_ADMIN in the default profile.
    docker("run", "--rm", "--security-opt", "seccomp=unconfined", "box",
           "unshare", "-U", "true")
    docker("run", "--rm", "box", "unshare", "-U", "true", status=1)


@test("docker run --hostname, --ulimit, --sysctl, --shm-size, --device, -w")
def _(t):
    r = docker("run", "--rm", "--hostname", "ship", "--ulimit",
               "nofile=123:456", "--sysctl", "net.ipv4.ip_forward=1",
               "--sysctl", "kernel.msgmax=9000", "--shm-size", "3m",
               "--device", "/dev/kmsg:/dev/messages:r", "-w", "/new/place",
               "box", "sh", "-c",
               "hostname; ulimit -n; cat /proc/sys/net/ipv4/ip_forward "
               "/proc/sys/kernel/msgmax; df -k /dev/shm | tail -1; pwd; "
               "stat -c '%t:%T' /dev/messages; "
               "(echo >/dev/messages) 2>&1; true")
    t.equal(r.lines[:4], ["ship", "123", "1", "9000"])
    t.check("3072" in r.lines[4], r.lines[4])
    t.equal(r.lines[5:7], ["/new/place", "1:b"])
    t.has(r.lines[7], "peration not permitted")


@test("docker run --init puts docker-init first")
def _(t):
    need_program("docker-init")
    r = docker("run", "--rm", "--init", "box", "sh", "-c",
               "cat /proc/1/comm; echo $$")
    t.equal(r.lines[0], "docker-init")
    t.check(r.lines[1] != "1", "the program is process 1")


@test("docker run --pid host, --ipc host, --pid container:NAME")
def _(t):
    c = sleeper(t)
    r = docker("run", "--rm", "--pid", f"container:{c}", "--network",
               f"container:{c}", "--ipc", "private", "box", "ps")
    t.has(r.stdout, "sleep 1000")
    r = docker("run", "--rm", "--pid", "host", "--ipc", "host", "box", "ps")
    t.has(r.stdout, "dockerd")


@test("docker run --network none, host, bridge")
def _(t):
    def links(network):
        r = docker("run", "--rm", "--network", network, "box", "ls",
                   "/sys/class/net")
        return r.stdout.split()

    t.equal(links("none"), ["lo"])
    t.has(links("host"), "docker0")
    t.has(links("bridge"), "eth0")


@test("docker run -p publishes a port, and containers reach each other")
def _(t):
    cage = docker.need().cage
    c = start(t, "-p", "127.0.0.1:8080:80", "box", "sh", "-c",
              "mkdir -p /www; echo hello >/www/index.html; "
              "exec httpd -f -p 80 -h /www")
    ask = [busybox(), "wget", "-q", "-O", "-"]
    r = cage.wait_ready(*ask, "http://127.0.0.1:8080/")
    t.equal(r.stdout, "hello\n")
    address = inspect(c, ".NetworkSettings.IPAddress")
    r = docker("run", "--rm", "box", *ask[1:], f"http://{address}/")
    t.equal(r.stdout, "hello\n")


@test("a health check turns healthy")
def _(t):
    c = sleeper(t, "--health-cmd", "test -e /proc/1", "--health-interval",
                "1s", "--health-timeout", "30s")
    t.wait_until(lambda: inspect(c, ".State.Health.Status") == "healthy",
                 "it is healthy", 50)


@test("docker cp goes both ways")
def _(t):
    c = sleeper(t)
    docker("exec", c, "sh", "-c", "echo data >/tmp/a")
    docker("cp", f"{c}:/tmp/a", "/run/copied")
    t.equal(docker.need().cage.read("/run/copied"), "data\n")
    docker("cp", "/run/copied", f"{c}:/tmp/b")
    t.equal(docker("exec", c, "cat", "/tmp/b").stdout, "data\n")


@test("docker run with runtimeArgs")
def _(t):
    r = docker("run", "--rm", "--runtime", "loud", "box", "echo", "hello")
    t.equal(r.stdout, "hello\n")


@test("a container outlives dockerd, and a new dockerd finds it")
def _(t):
    cage = docker.need().cage
    c = sleeper(t)
    pid = inspect(c, ".State.Pid")
    cage.run("sh", "-c", "kill -9 $(cat /run/dockerd.pid)")
    cage.end("dockerd")
    cage.run("rm", "-f", "/run/dockerd.pid")
    docker.start_dockerd(cage)
    t.equal(inspect(c, ".State.Pid"), pid)
    t.equal(docker("exec", c, "echo", "alive").stdout, "alive\n")
    docker("kill", c)
    t.equal(docker("wait", c).stdout, "137\n")


@test("50 containers at once")
def _(t):
    cage = docker.need().cage
    names = [t.id() for _ in range(50)]
    t.undo(lambda: docker("rm", "-f", *names, status=None))
    made = cage.run("sh", "-c", "for x; do docker run -d --network none "
                    "--name $x box sleep 1000 >/dev/null & "
                    "[ ${x##*[!0]}x != 0x ] || wait; done; wait",
                    "sh", *names, timeout=150)
    t.equal(made.stderr, "")
    running = docker("ps", "-q", "--filter", "status=running").lines
    t.check(len(running) >= 50, f"{len(running)} are running")
    # One of them still is what it should be.
    t.equal(docker("exec", names[37], "echo", "fine").stdout, "fine\n")
    docker("rm", "-f", *names)


@test("nothing is left when all containers are gone")
def _(t):
    cage = docker.need().cage
    t.wait_until(lambda: not docker("ps", "-aq").stdout, "no container", 30)
    t.wait_until(lambda: not cage.cgroups_left(), "no cgroup is left", 30)
    r = cage.run("sh", "-c", "ls -d /run/docker/runtime-*/moby/* "
                 "2>/dev/null || true")
    t.equal(r.stdout, "")


with docker:
    main()
