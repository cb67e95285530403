#!/usr/bin/env python3
"""hull bench itself: who takes part, boot, memory, and that nothing is left.

Numbers are those of fake-runtime.c, whose costs are known; hull's own and the
other runtimes' are measured by hull bench and not here.
"""
# timeout: 400
import json
import atexit
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hull as lib  # noqa: E402
import wasm  # noqa: E402
from hull import *  # noqa: E402,F403

lib.TEST_TIMEOUT = max(lib.TEST_TIMEOUT, 120)
BUILD = os.path.dirname(os.path.dirname(HULL))
FAKE = os.path.join(BUILD, "tests", "bench", "fake-runtime")
GUESTS = os.path.join(TOP, "src", "bench", "guests")


class Bench:
    """hull bench with a scratch folder of this test's own."""

    def __init__(self, t, **env):
        self.t = t
        self.tmp = t.path("tmp")
        self.out = t.path("out")
        os.makedirs(self.tmp, exist_ok=True)
        self.env = dict(os.environ, TMPDIR=self.tmp, **env)
        t.undo(self.kill_all)

    def argv(self, *args, out=True):
        return [HULL, "bench", *(["--out", self.out] if out else []), *args]

    def fake(self, *args):
        """Options that make the fake the one participant."""
        return ["--runtimes", "runc", "--program", f"runc={FAKE}", *args]

    def run(self, *args, status=0, **kw):
        p = subprocess.run(self.argv(*args, **kw), env=self.env, text=True,
                           capture_output=True, stdin=subprocess.DEVNULL,
                           timeout=100, check=False)
        self.t.equal(p.returncode, status, f"the status of {args}, which "
                     f"says {p.stdout} {p.stderr}")
        return p

    def start(self, *args):
        """In a process group of its own, as a terminal's foreground is."""
        return subprocess.Popen(self.argv(*args), env=self.env, text=True,
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT,
                                start_new_session=True)

    @property
    def results(self):
        with open(os.path.join(self.out, "results.json")) as f:
            return json.load(f)

    def rows(self, experiment, name="runc"):
        return [r for r in self.results[experiment]
                if r["participant"] == name]

    def processes(self):
        """Pids of what carries the mark of a run of this test's."""
        mark = f"HULL_BENCH_RUN={self.tmp}/".encode()
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if mark in f.read():
                        found.append(int(pid))
            except OSError:
                pass
        return found

    def kill_all(self):
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)

    def nothing_left(self):
        self.t.equal(self.processes(), [], "what still runs")
        left = [x for d in os.listdir(self.tmp)
                for x in os.listdir(os.path.join(self.tmp, d))]
        self.t.equal(left, [], "what is left in the scratch folder")

    def no_cgroups(self, runs):
        left = [os.path.join(d, name)
                for d, names, _ in os.walk("/sys/fs/cgroup") for name in names
                if any(name.startswith(r) for r in runs)]
        self.t.equal(left, [], "control groups that are left")

    def runs(self):
        """The names of the runs that have a scratch folder."""
        return [x for d in os.listdir(self.tmp)
                for x in os.listdir(os.path.join(self.tmp, d))]


def about(t, got, want, what):
    """Within 10%."""
    t.check(abs(got - want) <= want / 10, f"{what} is {got}, not about {want}")


# ------------------------------------------------------------------ words --

@test("what is not there is named")
def _(t):
    b = Bench(t)
    b.env["PATH"] = t.dir
    r = b.run("list", "--program", f"crun={FAKE}", out=False)
    rows = {line.split()[1]: line for line in r.stdout.splitlines()
            if line[:3] in ("yes", "no ")}
    for name in ("youki", "runsc", "wasmtime", "wasmedge", "wasm3", "kata"):
        t.has(rows[name], "is not installed")
    t.has(rows["crun"], "yes")
    t.has(rows["crun"], "fake-runtime version 1")
    t.has(rows["crun-wasm"], "without WebAssembly")
    t.has(rows["fork+exec"], "yes")
    b.nothing_left()


@test("a participant that can't start a hello says why")
def _(t):
    b = Bench(t)
    r = b.run("list", "--program", "runc=/bin/false", out=False)
    line = next(x for x in r.stdout.splitlines() if " runc " in x)
    t.has(line, "no ")
    t.has(line, "fails")


@test("nonsense is refused in one line, before anything is measured")
def _(t):
    b = Bench(t)
    for args, part in [
            (["boot", "--counts", "10,5"], "--counts 10,5"),
            (["boot", "--counts", "0"], "--counts 0"),
            (["boot", "--counts", ""], "--counts"),
            (["boot", "--parallel", "0"], "--parallel 0"),
            (["boot", "--timeout", "soon"], "--timeout soon"),
            (["boot", "--via", "rkt"], "--via rkt"),
            (["boot", "--runtimes", "rkt"], '"rkt"'),
            (["boot", "--program", "runc"], "--program runc"),
            (["boot", "--compare", t.path("none")], "none"),
            (["weight"], '"weight"'),
            (["report"], "report"),
            (["list", "all"], "list")]:
        r = b.run(*args, status=1)
        t.one_line(r.stderr.splitlines(True)[-1], part)
        t.check(not os.path.exists(os.path.join(b.out, "results.json")),
                f"{args} was measured")
    b.nothing_left()


@test("hull without hull-bench says so")
def _(t):
    os.makedirs(t.path("bin"))
    copy = shutil.copy(HULL, t.path("bin/hull"))
    r = subprocess.run([copy, "bench", "list"], capture_output=True,
                       text=True, check=False)
    t.equal(r.returncode, 1, "its status")
    t.one_line(r.stderr, "hull-bench", t.path("bin"))


@test("hull finds hull-bench in libexec beside its bin")
def _(t):
    os.makedirs(t.path("bin"))
    os.makedirs(t.path("libexec/hull"))
    copy = shutil.copy(HULL, t.path("bin/hull"))
    shutil.copy(os.path.join(BUILD, "bin", "hull-bench"),
                t.path("libexec/hull"))
    r = subprocess.run([copy, "bench", "--help"], capture_output=True,
                       text=True, check=True)
    t.has(r.stdout, "--counts LIST")


# ------------------------------------------------------------------- boot --

@test("known delays are measured")
def _(t):
    b = Bench(t, FAKE_CREATE_MS="80", FAKE_START_MS="60", FAKE_WORK_MS="100",
              FAKE_DELETE_MS="40")
    b.run("boot", "--counts", "1,4,12", "--parallel", "1", *b.fake())
    rows = b.rows("boot")
    t.equal([r["count"] for r in rows], [1, 4, 12], "the counts")
    t.equal([r["ok"] for r in rows], [1, 4, 12], "what worked")
    r = rows[-1]
    # Others have the CPU now and then: the best one had it to itself.
    about(t, r["create"]["min"], 80, "create")
    about(t, r["start"]["min"], 60, "start")
    about(t, r["first_byte"]["min"], 240, "first byte")
    about(t, r["exit"]["min"], 240, "exit")
    about(t, r["delete"]["min"], 40, "delete")
    about(t, r["total"]["min"], 280, "total")
    t.check(r["wall_ms"] >= 12 * 280, f"12 starts took {r['wall_ms']} ms")
    about(t, r["starts_per_s"], 12000 / r["wall_ms"], "starts per second")
    t.equal(len(r["samples"]), 12, "samples")
    t.check(all(x >= 280 for x in r["samples"]), f"{r['samples']}")
    t.check(rows[0]["wall_ms"] < rows[1]["wall_ms"] < rows[2]["wall_ms"],
            "more starts take longer")
    b.nothing_left()


@test("starts at the same time overlap")
def _(t):
    b = Bench(t, FAKE_WORK_MS="200")
    b.run("boot", "--counts", "8", "--parallel", "8", *b.fake())
    r = b.rows("boot")[0]
    t.equal((r["parallel"], r["ok"]), (8, 8), "parallel and ok")
    t.check(r["wall_ms"] < 8 * 200 / 2, f"8 took {r['wall_ms']} ms")
    t.check(r["total"]["min"] >= 200, f"{r['total']}")


@test("the floors stand in every table")
def _(t):
    need_root()
    b = Bench(t)
    b.run("boot", "--counts", "5", "--parallel", "1", *b.fake())
    fork = b.rows("boot", "fork+exec")[0]
    clone = b.rows("boot", "clone+mounts+exec")[0]
    t.equal((fork["ok"], clone["ok"]), (5, 5), "what worked")
    t.check(0 < fork["total"]["min"] < clone["total"]["min"],
            f"{fork['total']}, {clone['total']}")


@test("half of the starts fail: counted, with the reason")
def _(t):
    b = Bench(t, FAKE_FAIL="start")
    b.run("boot", "--counts", "10", "--parallel", "1", *b.fake())
    r = b.rows("boot")[0]
    t.equal((r["ok"], r["failed"]), (5, 5), "ok and failed")
    t.equal(r["total"]["n"], 5, "the times that count")
    t.has(r["error"], "start: exit status 3")
    t.has(r["error"], "start fails this time")
    b.nothing_left()


@test("a start that hangs is bounded, and given up")
def _(t):
    b = Bench(t, FAKE_HANG="start")
    began = time.monotonic()
    b.run("boot", "--counts", "100", "--parallel", "1", "--timeout", "1s",
          *b.fake())
    t.check(time.monotonic() - began < 30, "it took too long")
    r = b.rows("boot")[0]
    t.equal(r["failed"], 3, "failed")
    t.has(r["error"], "start: not done after 1000 ms")
    t.has(r["note"], "gave up")
    t.check(r["count"] == 100 and r["ok"] < 10, f"{r}")
    b.nothing_left()


@test("a budget ends a series with what it has")
def _(t):
    b = Bench(t, FAKE_WORK_MS="100")
    b.run("boot", "--counts", "1,1000", "--parallel", "1", "--budget", "2s",
          *b.fake())
    last = b.rows("boot")[-1]
    t.check(10 < last["ok"] < 200, f"{last['ok']} in 2 s")
    t.has(last["note"], "--budget")


# ----------------------------------------------------------------- memory --

@test("known memory is measured")
def _(t):
    b = Bench(t, FAKE_KB="8192")
    b.run("memory", "--counts", "1,5,15", *b.fake())
    rows = b.rows("memory")
    t.equal([r["ok"] for r in rows], [1, 5, 15], "what sleeps")
    for r in rows:
        t.equal(r["processes"], r["count"], "processes")
        about(t, r["private"], r["count"] * (8192 << 10), "private memory")
        about(t, r["pss"], r["count"] * (8192 << 10), "PSS")
        t.equal(r["shims"], 0, "shims")
    about(t, b.rows("fit")[0]["pss_per_container"], 8192 << 10, "the slope")
    b.nothing_left()


@test("sleepers that do not stay are counted")
def _(t):
    b = Bench(t, FAKE_FAIL="create")
    b.run("memory", "--counts", "4", *b.fake())
    r = b.rows("memory")[0]
    # Every other create fails, and is tried again.
    t.equal((r["ok"], r["failed"] > 0), (4, True), "ok and failed")
    t.has(r["error"], "create fails this time")
    b.nothing_left()


# --------------------------------------------------------------- all ends --

def until_running(t, b, n):
    t.wait_until(lambda: len(b.processes()) >= n, f"{n} processes run", 40)


@test("Ctrl-C while starting: what was measured is there, and nothing else")
def _(t):
    b = Bench(t, FAKE_WORK_MS="20")
    p = b.start("boot", "--counts", "1,20,100000", "--parallel", "2",
                *b.fake())
    until_running(t, b, 1)
    time.sleep(4)
    os.killpg(p.pid, signal.SIGINT)
    out = p.communicate(timeout=60)[0]
    t.equal(p.returncode, 130, f"its status, which says {out}")
    t.equal(b.results["complete"], False, "complete")
    t.check(any("interrupted" in x for x in b.results["problems"]),
            f"{b.results['problems']}")
    rows = b.rows("boot")
    t.check(rows and rows[-1]["ok"] > 0, f"{rows}")
    t.equal(rows[-1]["failed"], 0, "what was cut off")
    b.nothing_left()


@test("Ctrl-C while a command hangs")
def _(t):
    b = Bench(t, FAKE_HANG="create")
    p = b.start("boot", "--counts", "100", *b.fake())
    until_running(t, b, 1)
    time.sleep(2)
    os.killpg(p.pid, signal.SIGINT)
    p.communicate(timeout=40)
    t.equal(p.returncode, 130, "its status")
    b.nothing_left()


@test("Ctrl-C among sleepers: they are gone")
def _(t):
    b = Bench(t)
    p = b.start("memory", "--counts", "10,100000", *b.fake())
    until_running(t, b, 15)
    os.killpg(p.pid, signal.SIGINT)
    p.communicate(timeout=60)
    t.equal(p.returncode, 130, "its status")
    t.equal(b.results["complete"], False, "complete")
    b.nothing_left()


def killed_then_cleaned(t, b, *args, least):
    p = b.start("memory", "--counts", "100000", *args)
    until_running(t, b, least)
    p.kill()
    p.communicate(timeout=20)
    runs = b.runs()
    t.check(len(b.processes()) >= least and len(runs) == 1,
            f"{b.processes()} {runs}")
    r = b.run("list", out=False, *args)
    t.has(r.stderr, "removing what a run that was killed has left")
    b.nothing_left()
    b.no_cgroups(runs)


@test("kill -9 among sleepers: the next run removes them")
def _(t):
    b = Bench(t)
    killed_then_cleaned(t, b, *b.fake(), least=15)


@test("the same with hull's own containers")
def _(t):
    need_root()
    for name in ("hull-namespaces", "hull-wasm"):
        b = Bench(t)
        killed_then_cleaned(t, b, "--runtimes", name, least=12)


@test("kill -9 while starting: the lanes end, too")
def _(t):
    b = Bench(t, FAKE_WORK_MS="50")
    p = b.start("boot", "--counts", "100000", "--parallel", "2", *b.fake())
    until_running(t, b, 2)
    p.kill()
    p.communicate(timeout=20)
    t.wait_until(lambda: not b.processes(), "nothing runs", 20)
    b.run("list", out=False)
    b.nothing_left()


@test("two at the same time say that they disturb each other")
def _(t):
    b = Bench(t, FAKE_WORK_MS="20")
    p = b.start("boot", "--counts", "100000", *b.fake())
    until_running(t, b, 1)
    r = b.run("list", *b.fake(), out=False)
    t.has(r.stderr, "another hull bench is running")
    t.check(p.poll() is None, "the first one has ended")
    os.killpg(p.pid, signal.SIGTERM)
    p.communicate(timeout=60)
    b.nothing_left()


# -------------------------------------------------------------- full disk --

def small_disk(t, size):
    """A file system of `size` bytes, gone with the test."""
    need_root()
    path = tempfile.mkdtemp(dir=t.dir)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "small",
                    path], check=True)
    t.undo(lambda: subprocess.run(["umount", "-l", path], check=True))
    return path


@test("no room for the scratch folder: one line, and nothing is left")
def _(t):
    b = Bench(t)
    b.tmp = small_disk(t, "16k")
    b.env["TMPDIR"] = b.tmp
    r = b.run("boot", "--counts", "1", *b.fake(), status=1)
    t.one_line(r.stderr.splitlines(True)[-1], "No space left")
    b.nothing_left()


@test("no room for the results: an error, and nothing is left")
def _(t):
    b = Bench(t)
    b.out = small_disk(t, "4k")
    with open(os.path.join(b.out, "full"), "wb") as f:
        try:
            f.write(b"x" * 65536)
            f.flush()
        except OSError:
            pass
    r = b.run("boot", "--counts", "1", *b.fake(), status=1)
    t.one_line(r.stderr.splitlines(True)[-1], "results.json")
    b.nothing_left()


# ------------------------------------------------------------------ hull --

@test("hull takes part with both sandboxes")
def _(t):
    need_root()
    b = Bench(t)
    b.run("boot", "memory", "--runtimes", "hull-namespaces,hull-wasm",
          "--counts", "1,6")
    for name in ("hull-namespaces", "hull-wasm"):
        boot = b.rows("boot", name)[-1]
        memory = b.rows("memory", name)[-1]
        t.equal((boot["ok"], boot["failed"]), (6, 0), f"{name} boots")
        t.equal((memory["ok"], memory["processes"]), (6, 6),
                f"{name} sleeps")
        for what in ("create", "start", "first_byte", "exit", "delete"):
            t.check(boot[what]["n"] == 6 and boot[what]["min"] > 0,
                    f"{name}: {what} {boot[what]}")
        t.check(boot["create"]["median"] < boot["exit"]["median"]
                < boot["total"]["median"], f"{name}: {boot}")
        t.check(memory["pss"] > 0, f"{memory}")
    t.equal(b.results["complete"], True, "complete")
    commands = next(p["commands"] for p in b.results["participants"]
                    if p["name"] == "hull-wasm")
    t.check(any("--sandbox wasm" in c and " create " in c for c in commands),
            f"{commands}")
    b.nothing_left()


@test("below the host's cgroup mounts nothing is written")
def _(t):
    need_root()
    need_program("crun")
    if not os.path.ismount("/sys/fs/cgroup/unified"):
        skip("cgroups", "not a hybrid host")
    # What a process sees that unmounts the v2 hierarchy: crun then makes
    # folders with plain files.
    below = t.path("below")
    os.makedirs(below)
    subprocess.run(["mount", "--bind", "/sys/fs/cgroup", below], check=True)
    t.undo(lambda: subprocess.run(["umount", below], check=True))
    b = Bench(t)
    p = b.start("boot", "--counts", "1", "--runtimes", "crun")
    p.communicate(timeout=60)
    t.equal(b.rows("boot", "crun")[0]["ok"], 1, "crun's starts")
    own = f"hull-bench-{p.pid}-"
    t.equal([x for x in os.listdir(os.path.join(below, "unified"))
             if x.startswith(own)], [], "what is left there")


@test("the summary fits 80 columns, and --json is a document")
def _(t):
    b = Bench(t)
    r = b.run("boot", "--counts", "2", *b.fake())
    wide = [x for x in r.stdout.splitlines()
            if len(x) > 80 and b.out not in x]
    t.equal(wide, [], "lines that are too long")
    r = b.run("boot", "--counts", "2", "--json", *b.fake())
    t.equal(json.loads(r.stdout), b.results, "the document")


@test("the shipped modules are what their sources make")
def _(t):
    clang, _ = wasm.find_clang()
    for name in ("hello", "sleep"):
        out = t.path(f"{name}.wasm")
        subprocess.run(
            [clang, "--target=wasm32", "-Os", "-nostdlib", "-I",
             os.path.join(TOP, "src"), "-Wl,--strip-all",
             "-Wl,-z,stack-size=4096", "-o", out,
             os.path.join(GUESTS, f"{name}.c")], check=True)
        # Another clang makes other bytes: what it does must be the same.
        for module in (out, os.path.join(GUESTS, f"{name}.wasm")):
            p = subprocess.Popen([HULL, "wasm", "run", module],
                                 stdout=subprocess.PIPE, text=True)
            t.undo(p.kill)
            if name == "hello":
                t.equal(p.communicate(timeout=20)[0], "hello\n", module)
            else:
                t.equal(p.stdout.read(1), "s", module)
                time.sleep(0.3)
                t.check(p.poll() is None, f"{module} does not sleep")
                p.kill()
                p.communicate()



# Podman makes it when asked for its version, and a hull-bench that is killed
# can't remove it.
MADE = ["/sys/fs/cgroup/*/libpod_parent/conmon",
        "/sys/fs/cgroup/*/libpod_parent"]
WAS_THERE = {d for pattern in MADE for d in glob.glob(pattern)}


@atexit.register
def tidy():
    for pattern in MADE:
        for d in set(glob.glob(pattern)) - WAS_THERE:
            os.rmdir(d)


main()
