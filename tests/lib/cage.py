"""A place for a container engine: its own mounts, network and process ids.

An engine leaves much behind, mounts, iptables rules, bridges, shims and
files below /run and /var/lib, and does so most of all when a test breaks it
halfway.  A Cage is made of namespaces in which /run and /var/lib are empty,
and changes of /etc are its own: when its first process is killed, the kernel
ends and removes everything in it.  Only control groups are the host's: an
engine is told to make its own below cage.cgroup, which close() removes, with
those of STUBBORN that were not there before.
"""
import hashlib
import io
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import hostcheck
import hull
import wasm
from hull import (HULL, Failure, Skip, cgroup_mounts, make_rootfs, need_program,
                  need_root, skip)

# Seconds for one test: fifty containers on a busy machine take their time.
hull.TEST_TIMEOUT = max(hull.TEST_TIMEOUT, 200)

# What engines make at the top whatever they are told.
STUBBORN = ["/docker", "/libpod_parent", "/hull-bench"]

# As process 1 it reaps whoever is left to it.
FIRST = """
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""

SETUP = """
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 run /run
mount -t tmpfs -o mode=0755 lib /var/lib
# Podman's locks.
mount -t tmpfs -o mode=1777 shm /dev/shm
mkdir -p /run/lock /run/user /run/etc/upper /run/etc/work
up=/run/etc/upper,workdir=/run/etc/work
mount -t overlay -o lowerdir=/etc,upperdir=$up etc /etc
ip link set lo up 2>/dev/null || true
exec "$@"
"""


class Result:
    def __init__(self, argv, status, out, err):
        self.argv = argv
        self.status = status
        self.stdout = out
        self.stderr = err

    @property
    def lines(self):
        return self.stdout.splitlines()


class Cage:
    def __init__(self, feature):
        need_root()
        for name in ("setpriv", "unshare", "nsenter", "mount", "ip"):
            need_program(name, feature)
        self.dir = tempfile.mkdtemp(prefix="hull-engines-")
        self.cgroup = f"/hull-engines-{os.getpid()}"
        self._made = [self.cgroup] + [
            x for x in STUBBORN if not any(
                os.path.exists(m + x) for m in cgroup_mounts().values())]
        self.daemons = []
        self.init = None
        self.first = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "-m", "-n", "-p",
             "-f", "--kill-child", "--mount-proc", "sh", "-c", SETUP, "sh",
             sys.executable, "-c", FIRST],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        if self.first.stdout.readline() != "ready\n":
            said = self.first.communicate(timeout=10)[1]
            self.close()
            skip(feature, f"no namespaces to cage an engine: {said.strip()}")

        self.init = next(pid for pid, (parent, _) in
                         hostcheck.processes().items()
                         if parent == self.first.pid)

    # -- running things in it

    def argv(self, *command):
        ns = f"/proc/{self.first.pid}/ns"
        return ["nsenter", f"--mount={ns}/mnt", f"--net={ns}/net",
                f"--pid={ns}/pid_for_children", *command]

    def popen(self, *command, **kw):
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        kw.setdefault("text", True)
        return subprocess.Popen(self.argv(*command), **kw)

    def run(self, *command, status=0, input=None, timeout=60, **kw):
        """`status` is what it must exit with, None for whatever."""
        if input is not None:
            kw["stdin"] = subprocess.PIPE
        p = self.popen(*command, **kw)
        try:
            out, err = p.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            p.kill()
            raise Failure(f"{' '.join(command)}: still running after "
                          f"{timeout} s\n{self.logs()}") from None
        if status is not None and p.returncode != status:
            raise Failure(f"{' '.join(command)}: exit status {p.returncode}, "
                          f"not {status}: stdout {out!r:.1500}, stderr "
                          f"{err!r:.1500}\n{self.logs()}")
        return Result(command, p.returncode, out, err)

    def terminal(self, *command, status=0, answers=(), timeout=60):
        """Run it on a terminal of its own; what it wrote there.  `answers`
        are (text to wait for, what to type then)."""
        pid, master = pty.fork()
        if pid == 0:
            argv = self.argv(*command)
            os.execvp(argv[0], argv)
        answers, said, seen = list(answers), b"", 0
        deadline = time.monotonic() + timeout
        try:
            while True:
                if answers and answers[0][0].encode() in said[seen:]:
                    seen = len(said)
                    os.write(master, answers.pop(0)[1].encode())
                left = deadline - time.monotonic()
                if left < 0:
                    raise Failure(f"{' '.join(command)} on a terminal: still "
                                  f"running after {timeout} s: {said!r}")
                if not select.select([master], [], [], min(left, 1))[0]:
                    continue
                try:
                    part = os.read(master, 4096)
                except OSError:
                    break
                if not part:
                    break
                said += part
        finally:
            os.close(master)
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            got = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if got != status:
            raise Failure(f"{' '.join(command)} on a terminal: exit status "
                          f"{got}, not {status}: {said!r}")
        return said.decode(errors="replace").replace("\r\n", "\n")

    def daemon(self, name, *command, **kw):
        """Start it for as long as the cage lives."""
        log = os.path.join(self.dir, f"{name}.log")
        with open(log, "a") as f:
            p = self.popen(*command, stdout=f, stderr=f, **kw)
        self.daemons.append((name, p, log))

    def end(self, name):
        """Wait for a daemon that was told to end, and forget it."""
        for daemon in [d for d in self.daemons if d[0] == name]:
            daemon[1].wait(30)
            self.daemons.remove(daemon)

    def wait_ready(self, *command, seconds=60):
        """Until the command succeeds."""
        deadline = time.monotonic() + seconds
        while True:
            r = self.run(*command, status=None)
            if r.status == 0:
                return r
            for name, p, _ in self.daemons:
                if p.poll() is not None:
                    raise Failure(f"{name} ended: {self.logs()}")
            if time.monotonic() > deadline:
                raise Failure(f"{' '.join(command)}: status {r.status} for "
                              f"{seconds} s: {r.stderr}\n{self.logs()}")
            time.sleep(0.1)

    def write(self, path, text):
        """A file in the cage."""
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")"; cat >"$1"', "sh",
                 path, input=text)

    def read(self, path):
        return self.run("cat", path).stdout

    def logs(self):
        """The ends of the daemons' logs."""
        text = ""
        for name, _, log in self.daemons:
            with open(log, errors="replace") as f:
                loud = [x for x in f if "level=info" not in x]
            text += f"--- {name}\n{''.join(loud[-8:])}"
        return text

    # -- control groups, which are the host's

    def cgroup_file(self, controller, group, *names):
        """What is in the first of these files of `group`, a path below
        cage.cgroup: v1 and v2 name them differently."""
        mounts = cgroup_mounts()
        root = mounts.get(controller) or mounts.get("unified")
        for name in names:
            path = f"{root}{self.cgroup}/{group}/{name}"
            if os.path.exists(path):
                with open(path) as f:
                    return f.read().strip()
        skip("cgroups", f"no {controller} controller")
        return None

    def cgroups_left(self, group=""):
        """Those that are `group`, or below it."""
        found = []
        for mount in set(cgroup_mounts().values()):
            top = f"{mount}{self.cgroup}/{group}"
            if group and os.path.isdir(top):
                found.append(top)
            found += [os.path.join(folder, name)
                      for folder, names, _ in os.walk(top) for name in names]
        return found

    def _remove_cgroups(self):
        deadline = time.monotonic() + 10
        for top in [m + x for m in set(cgroup_mounts().values())
                    for x in self._made]:
            while os.path.isdir(top) and time.monotonic() < deadline:
                for folder, _, _ in os.walk(top, topdown=False):
                    try:
                        os.rmdir(folder)
                    except OSError:
                        time.sleep(0.02)

    def close(self):
        for _, p, _ in self.daemons:
            p.kill()
        # When process 1 has ended, so have all others in there.
        if self.init:
            os.kill(self.init, signal.SIGKILL)
        else:
            self.first.kill()
        self.first.wait()
        for _, p, _ in self.daemons:
            p.wait()
        self._remove_cgroups()
        shutil.rmtree(self.dir, ignore_errors=True)


def wasm_module():
    """The path of tests/wasm's module for containers, or why there is none."""
    try:
        return wasm.build("tests/wasm/cli/container.c"), None
    except Skip as s:
        return None, s


def need_wasm():
    """End this test where the image has no /app.wasm."""
    _, missing = wasm_module()
    if missing:
        raise missing


def make_image(path):
    """A tar of busybox for docker import and its like, with a module in it
    where that can be built."""
    with tempfile.TemporaryDirectory(prefix="hull-engines-") as d:
        root = make_rootfs(os.path.join(d, "rootfs"))
        with open(os.path.join(root, "etc", "not-executable"), "w") as f:
            f.write("just text\n")
        module, _ = wasm_module()
        if module:
            shutil.copy(module, os.path.join(root, "app.wasm"))
            os.chmod(os.path.join(root, "app.wasm"), 0o755)
        with tarfile.open(path, "w") as tar:
            tar.add(root, ".")
    return path


def make_oci_archive(path, name):
    """The same image as an OCI archive, for those who import no plain tar."""
    layer = make_image(path + ".layer")
    with open(layer, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    texts = {}

    def blob(kind, document):
        text = json.dumps(document).encode()
        digest = hashlib.sha256(text).hexdigest()
        texts[f"blobs/sha256/{digest}"] = text
        return {"mediaType": f"application/vnd.oci.image.{kind}.v1+json",
                "digest": f"sha256:{digest}", "size": len(text)}

    config = blob("config", {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(
            os.uname().machine, os.uname().machine),
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}})
    manifest = blob("manifest", {
        "schemaVersion": 2, "config": config,
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": f"sha256:{digest}",
                    "size": os.path.getsize(layer)}]})
    manifest["annotations"] = {"io.containerd.image.name": name,
                               "org.opencontainers.image.ref.name": name}
    texts["index.json"] = json.dumps(
        {"schemaVersion": 2, "manifests": [manifest]}).encode()
    texts["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    with tarfile.open(path, "w") as tar:
        for member, text in texts.items():
            info = tarfile.TarInfo(member)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
        tar.add(layer, f"blobs/sha256/{digest}")
    return path


def wait_quiet(t, read, seconds=30):
    """Until what read() tells stays the same for a while; that.  What was
    written before a container was frozen takes a while to arrive."""
    last = [None]

    def quiet():
        old, last[0] = last[0], read()
        if old == last[0]:
            return True
        time.sleep(1)
        return False

    t.wait_until(quiet, "it is quiet", seconds)
    return last[0]


class Engine:
    """Starts when the first test needs it.  A subclass has feature, programs
    and start(cage)."""
    feature = ""
    programs = ()

    def __init__(self):
        self.cage = None
        self._broken = None

    def need(self):
        """The running engine; ends the test if there is none."""
        if self._broken:
            raise self._broken
        if not self.cage:
            for name in self.programs:
                need_program(name, self.feature)
            try:
                self.cage = Cage(self.feature)
                self.start(self.cage)
            except Exception as e:
                self._broken = e
                raise
        return self

    def start(self, cage):
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.cage:
            self.cage.close()


__all__ = ["Cage", "Engine", "HULL", "make_image", "need_wasm",
           "make_oci_archive", "wait_quiet"]
