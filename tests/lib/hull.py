"""What the integration tests share.

    from hull import *

    @test("an id with a slash is refused")
    def _(t):
        r = t.hull("create", "a/b", fails=True)
        t.one_line(r.stderr, "a/b")

    main()

Each test gets a Test: a scratch directory, a state root of its own, bundles
made from busybox, and hull, run with a time limit.  What the test leaves in
its state root is deleted by force when it ends, passed or failed.  Results go
to standard output as TAP, one line per test; skip("cgroups", "why") ends a
test that this host cannot run.
"""
import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
HULL = os.environ.get("HULL", os.path.join(TOP, "build", "bin", "hull"))
# Seconds for one call of hull, and for one test.
CALL_TIMEOUT = 30
TEST_TIMEOUT = 60
# A time limit of the sanitizers' builds would be another.
if os.environ.get("HULL_TEST_SLOW"):
    CALL_TIMEOUT *= 5
    TEST_TIMEOUT *= 5

# What compiles in the background would outlive the test that caused it; the
# tests of that ask for it.
os.environ.setdefault("HULL_WASM_COMPILE", "never")

_tests = []


class Skip(Exception):
    def __init__(self, feature, reason):
        super().__init__(reason)
        self.feature = feature
        self.reason = reason


def skip(feature, reason):
    """End this test; tests/run makes it a failure where HULL_TEST_MUST
    names the feature."""
    raise Skip(feature, reason)


def need_root():
    if os.geteuid() != 0:
        skip("root", "needs root")


def need_program(name, feature=None):
    """Its path."""
    path = shutil.which(name, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/sbin")
    if not path:
        skip(feature or name, f"{name} is not installed")
    return path


def cgroup_mounts():
    """Controller (or "unified") -> the directory it is mounted at."""
    found = {}
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            left, _, right = line.partition(" - ")
            point, kind = left.split()[4], right.split()
            if kind[0] == "cgroup2":
                found["unified"] = point
            elif kind[0] == "cgroup":
                for option in kind[2].split(","):
                    found[option] = point
    return found


def need_controller(name):
    """The directory of a v1 controller, or of v2 when it has that one."""
    mounts = cgroup_mounts()
    if name in mounts:
        return mounts[name]
    v2 = mounts.get("unified")
    if v2:
        with open(os.path.join(v2, "cgroup.controllers")) as f:
            if name in f.read().split():
                return v2
    skip("cgroups", f"no {name} controller")
    return None


# ---------------------------------------------------------------- rootfs --

BUSYBOX_DIRS = ["bin", "dev", "etc", "proc", "root", "sys", "tmp", "run",
                "var", "home"]


def busybox():
    """The static one; its path."""
    for path in ["/bin/busybox", "/usr/bin/busybox"]:
        if os.path.exists(path):
            with open(path, "rb") as f:
                # A dynamic program names its loader early.
                if b"/ld-linux" not in f.read(4096):
                    return path
    skip("busybox", "no static busybox (package busybox-static)")
    return None


_applets = []


def make_rootfs(path):
    """A root directory with busybox, its applets and two users."""
    source = busybox()
    for name in BUSYBOX_DIRS:
        os.makedirs(os.path.join(path, name), exist_ok=True)
    os.chmod(os.path.join(path, "tmp"), 0o1777)
    shutil.copy(source, os.path.join(path, "bin", "busybox"))
    if not _applets:
        out = subprocess.run([source, "--list"], capture_output=True,
                             check=True, text=True).stdout
        _applets.extend(a for a in out.split() if a != "busybox")
    for applet in _applets:
        os.symlink("busybox", os.path.join(path, "bin", applet))
    with open(os.path.join(path, "etc", "passwd"), "w") as f:
        f.write("root:x:0:0:root:/root:/bin/sh\n"
                "user:x:1000:1000:user:/home:/bin/sh\n")
    with open(os.path.join(path, "etc", "group"), "w") as f:
        f.write("root:x:0:\nuser:x:1000:\n")
    return path


_spec = {}


def default_spec():
    """A copy of what `hull spec` writes, without the terminal."""
    if not _spec:
        with tempfile.TemporaryDirectory() as d:
            subprocess.run([HULL, "spec", "--bundle", d], check=True,
                           timeout=CALL_TIMEOUT)
            with open(os.path.join(d, "config.json")) as f:
                _spec.update(json.load(f))
    spec = copy.deepcopy(_spec)
    spec["process"]["terminal"] = False
    return spec


def merge(into, changes):
    """Objects are merged; everything else replaces what was there; None
    removes it."""
    for key, value in changes.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
    return into


class Bundle:
    """A directory with config.json and rootfs/."""

    def __init__(self, path, changes=None, rootfs=True):
        self.path = path
        self.rootfs = os.path.join(path, "rootfs")
        os.makedirs(path)
        if rootfs:
            make_rootfs(self.rootfs)
        self.spec = merge(default_spec(), changes or {})
        self.write()

    def write(self, text=None):
        with open(os.path.join(self.path, "config.json"), "w") as f:
            if text is not None:
                f.write(text)
            else:
                json.dump(self.spec, f, indent=1)

    def change(self, changes):
        merge(self.spec, changes)
        self.write()
        return self

    def sh(self, script):
        """Run a shell script as the container's program."""
        return self.change({"process": {"args": ["/bin/sh", "-c", script]}})


# ------------------------------------------------------------------ test --

class Failure(Exception):
    pass


class Result:
    def __init__(self, proc, out, err):
        self.status = proc.returncode
        self.stdout = out
        self.stderr = err

    @property
    def lines(self):
        return self.stdout.splitlines()


class Test:
    ids = 0     # of all tests of the program

    def __init__(self, name):
        self.name = name
        self.dir = tempfile.mkdtemp(prefix="hull-test-")
        self.root = os.path.join(self.dir, "state")
        self._bundles = 0
        self._undo = []

    # -- making things

    def bundle(self, script=None, changes=None, **kw):
        self._bundles += 1
        b = Bundle(os.path.join(self.dir, f"bundle{self._bundles}"), changes,
                   **kw)
        return b.sh(script) if script else b

    def id(self, hint="c"):
        """An id that no other test uses, since it names the cgroup too."""
        Test.ids += 1
        return f"hull-test-{os.getpid()}-{hint}{Test.ids}"

    def path(self, name):
        return os.path.join(self.dir, name)

    def undo(self, function):
        """Call it when the test is over, last one first."""
        self._undo.append(function)

    # -- running hull

    def hull_argv(self, *args):
        return [HULL, "--root", self.root, *args]

    def start_hull(self, *args, prefix=(), **kw):
        """A Popen of hull with these arguments; `prefix` is a command that
        runs it."""
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        kw.setdefault("text", True)
        return subprocess.Popen([*prefix, *self.hull_argv(*args)], **kw)

    def hull(self, *args, status=0, fails=False, input=None, timeout=None,
             **kw):
        """Run hull; `status` is what it must exit with, None for whatever;
        `fails`: anything but 0."""
        if input is not None:
            kw["stdin"] = subprocess.PIPE
        return self._finish(self.start_hull(*args, **kw), args, status,
                            fails, input, timeout)

    def _finish(self, proc, args, status, fails, input, timeout):
        try:
            out, err = proc.communicate(input, timeout or CALL_TIMEOUT)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.communicate()
            raise Failure(f"hull {' '.join(args)}: still running after "
                          f"{timeout or CALL_TIMEOUT} s") from None
        r = Result(proc, out, err)
        said = f"stdout {out!r:.1000}, stderr {err!r:.1000}"
        if fails and r.status == 0:
            raise Failure(f"hull {' '.join(args)} succeeded: {said}")
        if r.status < 0:
            raise Failure(f"hull {' '.join(args)}: signal {-r.status}: "
                          f"{said}")
        if not fails and status is not None and r.status != status:
            raise Failure(f"hull {' '.join(args)}: exit status {r.status}, "
                          f"not {status}: {said}")
        return r

    def run(self, bundle, *options, status=0, **kw):
        """hull run of a bundle, or of a script in a new one."""
        if isinstance(bundle, str):
            bundle = self.bundle(bundle)
        return self.hull("run", *options, "--bundle", bundle.path,
                         self.id(), status=status, **kw)

    def running(self, bundle, *options):
        """Start a container in the background; its id.  Its output goes
        nowhere, so that nobody waits for it."""
        if isinstance(bundle, str):
            bundle = self.bundle(bundle)
        name = self.id()
        with open(self.path(f"{name}.log"), "w+") as log:
            r = self.hull("run", "--detach", *options, "--bundle",
                          bundle.path, name, status=None, stdout=log,
                          stderr=log)
            log.seek(0)
            if r.status != 0:
                raise Failure(f"run --detach: {log.read()}")
        return name

    def created(self, bundle, *options):
        """The same with create alone."""
        if isinstance(bundle, str):
            bundle = self.bundle(bundle)
        name = self.id()
        with open(self.path(f"{name}.log"), "w+") as log:
            r = self.hull("create", *options, "--bundle", bundle.path, name,
                          status=None, stdout=log, stderr=log)
            log.seek(0)
            if r.status != 0:
                raise Failure(f"create: {log.read()}")
        return name

    def output(self, name):
        """What a container of running() or created() has printed."""
        with open(self.path(f"{name}.log")) as f:
            return f.read()

    def state(self, name):
        return json.loads(self.hull("state", name).stdout)

    def wait_status(self, name, status, seconds=10):
        self.wait_until(lambda: self.state(name)["status"] == status,
                        f"{name} is {status}", seconds)

    # -- saying what must be

    def check(self, condition, text):
        if not condition:
            raise Failure(text)

    def equal(self, got, want, what="it"):
        if got != want:
            raise Failure(f"{what} is {got!r}, not {want!r}")

    def has(self, text, part):
        if part not in text:
            raise Failure(f"no {part!r} in {text!r}")

    def one_line(self, stderr, *parts):
        """An error is one line, which names the thing."""
        if not stderr.startswith("hull: ") or stderr.count("\n") != 1:
            raise Failure(f"not one line of an error: {stderr!r}")
        for part in parts:
            self.has(stderr, part)

    def wait_until(self, condition, what, seconds=10):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise Failure(f"after {seconds} s it is still not so that "
                              f"{what}")
            time.sleep(0.02)

    def nothing_left(self):
        """No container in the state root."""
        left = os.listdir(self.root) if os.path.isdir(self.root) else []
        left = [x for x in left if not x.startswith(".")]
        self.check(not left, f"left in the state root: {left}")

    # -- the end

    def close(self):
        failure = None
        for function in reversed(self._undo):
            try:
                function()
            except Skip:
                # What this host lacks left nothing to undo.
                pass
            except Exception as f:  # pylint: disable=broad-except
                failure = failure or f
        if os.path.isdir(self.root):
            for name in os.listdir(self.root):
                if not name.startswith("."):
                    subprocess.run(self.hull_argv("delete", "--force", name),
                                   capture_output=True, timeout=CALL_TIMEOUT)
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            mounted = [line.split()[4] for line in f
                       if line.split()[4].startswith(self.dir + "/")]
        if mounted:
            # Removing the tree would reach through them.
            raise Failure(f"still mounted: {mounted}")
        shutil.rmtree(self.dir, ignore_errors=True)
        if failure:
            raise failure


def test(name):
    """Decorator: register a test under the sentence it proves."""
    def add(function):
        _tests.append((name, function))
        return function
    return add


def _alarm(signum, frame):
    raise Failure(f"still running after {TEST_TIMEOUT} s")


def _print_lines(text):
    for line in text.rstrip().splitlines():
        print(f"# {line}")


def _run_one(number, name, function):
    t = Test(name)
    verdict, failed = "", False
    signal.alarm(TEST_TIMEOUT)
    try:
        function(t)
    except Skip as s:
        verdict = f" # SKIP [{s.feature}] {s.reason}"
    except Failure as f:
        _print_lines(str(f))
        failed = True
    except Exception:  # pylint: disable=broad-except
        _print_lines(traceback.format_exc())
        failed = True
    signal.alarm(0)
    try:
        t.close()
    except Exception:  # pylint: disable=broad-except
        _print_lines(traceback.format_exc())
        failed = True
    print(f"{'not ' if failed else ''}ok {number} - {name}"
          f"{'' if failed else verdict}", flush=True)
    return failed


def main():
    """Run the tests of this program, or those with argv[1] in their name."""
    signal.signal(signal.SIGALRM, _alarm)
    if not os.access(HULL, os.X_OK):
        sys.exit(f"{HULL} is not there: ./dev build makes it")
    wanted = [x for x in _tests
              if len(sys.argv) < 2 or sys.argv[1] in x[0]]
    failures = sum(_run_one(i + 1, *x) for i, x in enumerate(wanted))
    print(f"1..{len(wanted)}")
    sys.exit(1 if failures else 0)
