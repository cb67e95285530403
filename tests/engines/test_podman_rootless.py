#!/usr/bin/env python3
"""Podman for an ordinary user, with hull as its runtime."""
# timeout: 300
import json
import os
import shlex
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403
from cage import *  # noqa: E402,F403

NAME, ID, SUBID = "hulltest", "54321", "600000"
SETUP = f"""
set -e
echo {NAME}:x:{ID}:{ID}::/run/home:/bin/sh >>/etc/passwd
echo {NAME}:x:{ID}: >>/etc/group
echo {NAME}:{SUBID}:65536 >>/etc/subuid
echo {NAME}:{SUBID}:65536 >>/etc/subgid
mkdir -m 0700 -p /run/home /run/user/{ID}
# Where the user may read them.
cp "$1" /run/home/hull
cat >/run/home/image.tar
chown -R {ID}:{ID} /run/home /run/user/{ID}
"""


class Rootless(Engine):
    feature = "podman"
    programs = ("podman", "conmon", "setpriv", "newuidmap", "newgidmap")

    def start(self, cage):
        image = make_image(os.path.join(cage.dir, "image.tar"))
        with open(image) as f:
            cage.run("sh", "-c", SETUP, "sh", HULL, stdin=f)
        if self.user("unshare -U true", status=None).status != 0:
            skip("userns", "no user namespaces for ordinary users")
        self("import", "image.tar", "box")

    def argv(self, script):
        return ["setpriv", f"--reuid={ID}", f"--regid={ID}", "--clear-groups",
                "env", "-i", "HOME=/run/home", f"PATH={os.environ['PATH']}",
                f"XDG_RUNTIME_DIR=/run/user/{ID}", "TERM=dumb", "sh", "-c",
                "cd; " + script]

    def user(self, script, **kw):
        return self.cage.run(*self.argv(script), **kw)

    def command(self, *args):
        return shlex.join(["podman", "--runtime", "/run/home/hull",
                           "--cgroup-manager", "cgroupfs", *args])

    def __call__(self, *args, **kw):
        self.need()
        return self.user(self.command(*args), **kw)


podman = Rootless()


def start(t, *args):
    name = t.id()
    t.undo(lambda: podman("rm", "-f", "-t", "0", name, status=None))
    podman("run", "-d", "--name", name, "--network", "none", *args)
    return name


@test("rootless podman run: output, exit code, 127, 126")
def _(t):
    podman.need()
    info = json.loads(podman("info", "-f", "json").stdout)["host"]
    t.equal(info["security"]["rootless"], True)
    t.equal(info["ociRuntime"]["path"], "/run/home/hull")
    r = podman("run", "--rm", "--network", "none", "box", "sh", "-c",
               "id -u; cat /proc/self/uid_map; exit 7", status=7)
    t.equal(r.stdout.split(), ["0", "0", ID, "1", "1", SUBID, "65536"])
    podman("run", "--rm", "--network", "none", "box", "nothing", status=127)
    podman("run", "--rm", "--network", "none", "box", "/etc/not-executable",
           status=126)


@test("rootless podman run --user, --read-only, --tmpfs, -v")
def _(t):
    podman.need()
    podman.user("mkdir -p volume")
    r = podman("run", "--rm", "--network", "none", "--user", "1000:1000",
               "--read-only", "--tmpfs", "/scratch", "-v",
               "/run/home/volume:/v", "box", "sh", "-c",
               "id -u; touch /x 2>&1; touch /scratch/x && echo scratch; "
               "stat -c %u /v")
    t.equal(r.lines, ["1000", "touch: /x: Read-only file system", "scratch",
                      "0"])


@test("rootless podman run --userns keep-id")
def _(t):
    r = podman("run", "--rm", "--network", "none", "--userns", "keep-id",
               "box", "id", "-u")
    t.equal(r.stdout, ID + "\n")


@test("rootless podman run -it has a terminal")
def _(t):
    podman.need()
    said = podman.cage.terminal(
        *podman.argv(podman.command(
            "run", "--rm", "-it", "--network", "none", "box", "sh", "-c",
            "tty; echo name?; read x; echo got $x; exit 3")),
        status=3, answers=[("name?", "hull\r")])
    t.has(said, "/dev/pts/0")
    t.has(said, "got hull")


@test("rootless podman exec, logs, kill, restart, rm")
def _(t):
    c = start(t, "box", "sh", "-c", "echo hello; exec sleep 1000")
    r = podman("exec", c, "sh", "-c", "echo out; exit 5", status=5)
    t.equal(r.stdout, "out\n")
    t.equal(podman("logs", c).stdout, "hello\n")
    podman("kill", c)
    t.equal(podman("wait", c).stdout, "137\n")
    podman("restart", "-t", "0", c)
    t.equal(podman("exec", c, "echo", "up").stdout, "up\n")
    podman("rm", "-f", "-t", "0", c)
    t.equal(podman("ps", "-aq").stdout, "")


with podman:
    main()
