#!/usr/bin/env python3
"""System calls that fail, and hull killed between any two of them.

A command is recorded once under strace.  Then it is run again and again, each
time with another of its system calls failing, in hull and in its children.
Whatever fails: hull says so in one line, or did without; nothing crashes or
hangs; and "delete --force" leaves the host as it was.  The same is asked for
after a SIGKILL in front of each call.

HULL_FAULT_FULL=1 tries every call; otherwise the first, the middle and the last
of each kind have to do, and a part of the kills; short commands always get
all.
"""
# timeout: 3600
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hull as lib  # noqa: E402
from hull import *  # noqa: E402,F403

FULL = bool(os.environ.get("HULL_FAULT_FULL"))
lib.TEST_TIMEOUT = 3000 if FULL else 300
HANG = 40

# What is likely to go wrong with a call; EIO for all others.
ERRORS = {
    "EPERM": "mount move_mount mount_setattr open_tree fsopen fsconfig "
             "fsmount pivot_root umount2 setns unshare setresuid setresgid "
             "setgroups capset prctl seccomp bpf chroot sethostname "
             "setdomainname keyctl kill pidfd_send_signal fchown fchownat",
    "ENOMEM": "mmap brk mprotect clone clone3 fork vfork getdents64 poll",
    "ENOSPC": "write openat mkdirat mkdir mknodat mknod symlinkat renameat "
              "renameat2 inotify_add_watch",
    "EMFILE": "socket socketpair pipe2 dup dup3 pidfd_open memfd_create "
              "epoll_create1 signalfd4 accept4 eventfd2 openat2",
    "EACCES": "chdir fchdir faccessat faccessat2 execve execveat access",
}
ERROR_OF = {call: error for error, calls in ERRORS.items()
            for call in calls.split()}
# These cannot fail, or end the process.
NEVER = {"exit", "exit_group", "rt_sigreturn", "getpid", "getppid", "gettid",
         "geteuid", "getuid", "getegid", "getgid", "umask", "alarm",
         # An injected error would leave it open, which the kernel never does.
         "close", "sched_yield", "restart_syscall", "clock_gettime", "time"}
# The C library's own, while it starts up: its way to fail is an abort.
LIBC = {"brk", "mmap", "munmap", "mprotect", "arch_prctl", "set_tid_address",
        "set_robust_list", "rseq", "prlimit64", "readlink", "readlinkat",
        "getrandom", "execve", "uname", "sched_getaffinity", "futex"}
CALL = re.compile(r"^(\d+) +(\w+)\(")


def strace(*options):
    # -D: what we start is hull, and its status is hull's.
    return [need_program("strace"), "-D", "-qq", *options]


class Command:
    """A command of hull to be disturbed.  prepare() makes the container it
    needs and returns the arguments; after() goes on with a container whose
    command has succeeded."""

    def __init__(self, t, prepare, after=None, full=FULL):
        self.t = t
        self.full = full
        self.prepare = prepare
        self.after = after
        self.failures = []
        self.tried = self.refused = 0

    def start(self, options, args, err):
        return subprocess.Popen(
            strace(*options) + self.t.hull_argv(*args),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)

    def run(self, options, args):
        """Exit status (None: it hangs) and standard error."""
        with open(self.t.path("stderr"), "w+") as err:
            p = self.start(options, args, err)
            try:
                status = p.wait(HANG)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
                status = None
            err.seek(0)
            return status, err.read()

    def record(self):
        """The calls of each process: [(name, is it the C library's)]."""
        name = self.t.id("r")
        args = self.prepare(name)
        trace = self.t.path("trace")
        status, err = self.run(["-f", "-o", trace], args)
        self.t.check(status == 0, f"undisturbed: {status}, {err}")
        clean_up(self.t, name)
        processes = {}
        with open(trace, errors="replace") as f:
            for line in f:
                if m := CALL.match(line):
                    processes.setdefault(int(m[1]), []).append((m[2], line))
        first = next(iter(processes))
        calls = {}
        for pid, lines in processes.items():
            # main() begins by looking at its descriptors; in the children
            # whoever was executed is not hull.
            mark = "fcntl(0, F_GETFD" if pid == first else None
            begin = max([i for i, (name, line) in enumerate(lines)
                         if (mark in line if mark else name == "execve")] or
                        [0]) if mark else len(lines)
            if not mark and not any(n == "execve" for n, _ in lines):
                begin = 0
            calls[pid] = [(n, i < begin and n in LIBC)
                          for i, (n, _) in enumerate(lines)]
        self.main = calls[first]
        return calls

    def positions(self):
        """(call, n): the n-th time that a process makes this call."""
        found = set()
        for lines in self.record().values():
            count = {}
            for name, startup in lines:
                count[name] = count.get(name, 0) + 1
                if name not in NEVER and not startup:
                    found.add((name, count[name]))
        if self.full:
            return sorted(found)
        chosen = set()
        for name in {n for n, _ in found}:
            mine = sorted(k for n, k in found if n == name)
            chosen |= {(name, mine[0]), (name, mine[len(mine) // 2]),
                       (name, mine[-1])}
        return sorted(chosen)

    def fail(self, what, why):
        self.failures.append(f"{what}: {why}")

    def inject(self, name, n):
        if os.environ.get("HULL_FAULT_SHOW"):
            print("#", name, n, flush=True)
        error = ERROR_OF.get(name, "EIO")
        what = f"{name}:error={error}:when={n}"
        c = self.t.id("i")
        args = self.prepare(c)
        status, err = self.run(["-f", "-o", "/dev/null", "-e",
                                f"inject={what}"], args)
        self.judge(what, status, err)
        if status == 0 and self.after:
            status, err = self.after(c)
            self.judge(f"{what}, later", status, err)
        if why := clean_up(self.t, c):
            self.fail(what, why)

    def judge(self, what, status, err):
        """A message that cannot be written is no failure of ours."""
        self.tried += 1
        lines = [line for line in err.splitlines()
                 if "hull: warning: " not in line]
        if status is None:
            self.fail(what, f"it hangs; {err}")
        elif status < 0 or status >= 128:
            self.fail(what, f"ended by a signal: {status}; {err}")
        elif status and what.startswith("write:") and not lines:
            pass
        elif status and (len(lines) != 1 or
                         not lines[0].startswith("hull: ")):
            self.fail(what, f"status {status}, and it says {lines}")
        elif status == 0 and lines:
            self.fail(what, f"it succeeded, and it says {lines}")
        self.refused += status != 0

    def kill(self, name, n):
        what = f"{name}:signal=KILL:when={n}"
        c = self.t.id("k")
        args = self.prepare(c)
        status, err = self.run(["-o", "/dev/null", "-e", f"inject={what}"],
                               args)
        self.tried += 1
        self.refused += status != 0
        if status is None:
            self.fail(what, f"it hangs; {err}")
        if why := clean_up(self.t, c):
            self.fail(what, why)

    def kill_positions(self, step):
        self.record()
        count, found = {}, []
        for name, startup in self.main:
            count[name] = count.get(name, 0) + 1
            if not startup and name != "exit_group":
                found.append((name, count[name]))
        return found if FULL else found[::step]

    def verdict(self):
        print(f"# {self.tried} tries, {self.refused} of them failed",
              flush=True)
        if self.failures:
            raise lib.Failure("\n".join(self.failures))
        self.t.check(self.refused > 1, "hardly anything was disturbed")


def cgroups_named(c):
    """Where hull may put it: below our own cgroup, and v2's beside it."""
    mounts = cgroup_mounts()
    with open("/proc/self/cgroup") as f:
        for line in f:
            _, names, own = line.strip().split(":", 2)
            name = names.split(",")[0].replace("name=", "") or "unified"
            point = mounts.get(name) or mounts.get(f"name={name}")
            if point:
                yield os.path.join(point, own.strip("/"), c)
                yield os.path.join(point, os.path.dirname(own.strip("/")), c)


def remains(t, c):
    """Whatever is left of a container."""
    found = []
    if os.path.exists(f"{t.root}/{c}"):
        found.append(f"{t.root}/{c}: {os.listdir(f'{t.root}/{c}')}")
    found += [place for place in cgroups_named(c) if os.path.exists(place)]
    with open("/proc/self/mountinfo") as f:
        found += [line for line in f if t.dir in line]
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        try:
            with open(f"/proc/{pid}/stat") as f:
                if f.read().rpartition(")")[2].split()[0] in "ZX":
                    continue
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                text = f.read()
            with open(f"/proc/{pid}/environ", "rb") as f:
                text += f.read()
        except OSError:
            continue
        # The tracer itself may need a moment more.
        if c.encode() in text and not text.startswith(b"/usr/bin/strace"):
            found.append(f"process {pid}: {text[:200]}")
    return found


def clean_up(t, c):
    """delete --force, and what is still there then."""
    begin = time.monotonic()
    r = subprocess.run(t.hull_argv("delete", "--force", c),
                       capture_output=True, text=True, timeout=HANG,
                       stdin=subprocess.DEVNULL)
    if r.returncode:
        return f"delete --force: {r.stderr}"
    while found := remains(t, c):
        if time.monotonic() - begin > 5:
            return f"after delete --force there is {found}"
        time.sleep(0.01)
    return None


def bundle_of(t, script="sleep 1000"):
    b = t.bundle(changes={"process": {
        "args": ["/bin/sh", "-c", script], "env": ["PATH=/bin"],
        "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]},
        "linux": {"resources": {"memory": {"limit": 64 << 20},
                                "pids": {"limit": 32},
                                "cpu": {"shares": 512}},
                  "seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
                              "syscalls": [{"names": ["reboot"],
                                            "action": "SCMP_ACT_ERRNO"}]}}})

    def create(c):
        # By this the processes of the container are known.
        b.change({"process": {"env": ["PATH=/bin", f"ID={c}"]}})
        return ["create", "--bundle", b.path, "--pid-file", t.path("pid"), c]
    return create


def started(t, c):
    with open(t.path("err2"), "w+") as err:
        status = subprocess.run(
            t.hull_argv("start", c), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=err, timeout=HANG).returncode
        err.seek(0)
        return status, err.read()


def quiet(t, *args):
    r = subprocess.run(t.hull_argv(*args), stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       text=True, timeout=HANG)
    t.check(r.returncode == 0, f"{args}: {r.stderr}")


def on_created(t, *args):
    create = bundle_of(t)

    def prepare(c):
        with open(t.path("log"), "w") as log:
            subprocess.run(t.hull_argv(*create(c)), check=True,
                           stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                           timeout=HANG)
        return [c if a == "ID" else a for a in args]
    return prepare


def on_running(t, *args):
    prepare_created = on_created(t, *args)

    def prepare(c):
        result = prepare_created(c)
        quiet(t, "start", c)
        return result
    return prepare


def disturb(t, command):
    need_root()
    for name, n in command.positions():
        command.inject(name, n)
    command.verdict()


def kill_all_along(t, command, step):
    need_root()
    for name, n in command.kill_positions(step):
        command.kill(name, n)
    command.verdict()


@test("create and then start, with each system call failing")
def _(t):
    disturb(t, Command(t, bundle_of(t), lambda c: started(t, c)))


@test("start, with each system call failing")
def _(t):
    disturb(t, Command(t, on_created(t, "start", "ID")))


@test("exec, with each system call failing")
def _(t):
    disturb(t, Command(t, on_running(t, "exec", "--detach", "ID",
                                     "/bin/sleep", "1000")))


@test("delete --force, with each system call failing")
def _(t):
    disturb(t, Command(t, on_running(t, "delete", "--force", "ID")))


@test("kill, state and pause, with each system call failing")
def _(t):
    for args in (["kill", "ID", "TERM"], ["pause", "ID"], ["state", "ID"]):
        disturb(t, Command(t, on_running(t, *args), full=True))


@test("create is killed all along")
def _(t):
    kill_all_along(t, Command(t, bundle_of(t)), 6)


@test("delete --force is killed all along")
def _(t):
    kill_all_along(t, Command(t, on_running(t, "delete", "--force", "ID")), 4)


main()
