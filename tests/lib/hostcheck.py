"""The host before and after a test: mounts, cgroups, processes, devices.

A container runtime that forgets something forgets it on the host, so each
test program is followed by a look at what was there before it.  What other
people do on the machine meanwhile is told apart where that is possible: a
cgroup counts only when it stays and nobody else is in it or named in it, and
a process only when it descends from us.
"""
import os
import re
import signal
import stat
import time

CGROUP = "/sys/fs/cgroup"
# Their owner and mode were changed by runtimes that chown a container's
# standard streams.
DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx",
           "/dev/console"]
# How long what is on its way out may take.
GRACE = 3.0


def _mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return {" ".join(line.split()[2:5]) for line in f}


def _cgroups():
    found = set()
    for folder, names, _ in os.walk(CGROUP):
        found.update(os.path.join(folder, n) for n in names)
    return found


def _belongs_to_others(cgroup):
    """Tests name their cgroups hull-<what>-<pid>: that process lives and is
    none of ours, or processes that are none of ours live in it."""
    ours = set(descendants())
    for pid in re.findall(r"/hull-[a-z]+-(\d+)", cgroup):
        if int(pid) not in ours and os.path.exists(f"/proc/{pid}"):
            return True
    for folder, _, files in os.walk(cgroup):
        if "cgroup.procs" not in files:
            continue
        try:
            with open(os.path.join(folder, "cgroup.procs")) as f:
                pids = [int(p) for p in f.read().split()]
        except OSError:
            continue
        if any(p not in ours for p in pids):
            return True
    return False


def _devices():
    found = {}
    for path in DEVICES:
        try:
            st = os.lstat(path)
        except OSError:
            found[path] = "missing"
            continue
        kind = "c" if stat.S_ISCHR(st.st_mode) else "not a character device"
        found[path] = (f"{kind} {os.major(st.st_rdev)}:{os.minor(st.st_rdev)}"
                       f" {stat.S_IMODE(st.st_mode):04o}"
                       f" {st.st_uid}:{st.st_gid}")
    return found


def processes():
    """pid -> (parent, state), of all that there are."""
    parents = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8",
                      errors="replace") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(name)] = (int(fields[1]), fields[0])
    return parents


def descendants():
    """Living processes that we, or someone we started, made."""
    parents = processes()
    found, todo = [], [os.getpid()]
    while todo:
        parent = todo.pop()
        for pid, (ppid, state) in parents.items():
            if ppid == parent and pid not in found:
                todo.append(pid)
                if state not in "ZX":
                    found.append(pid)
    return found


def reap_orphans(keep=()):
    """Wait for those that came to us and have ended.  A pid namespace does
    not end before each of its processes was waited for, so containers would
    not end either if this had to wait for the end of the test.  `keep` are
    children that somebody else waits for."""
    me = os.getpid()
    for pid, (ppid, state) in processes().items():
        if ppid == me and state == "Z" and pid not in keep:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            text = f.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        text = ""
    return f"{pid} {text.strip()[:80]}"


def snapshot():
    return {"mounts": _mounts(), "cgroups": _cgroups(),
            "devices": _devices(), "processes": set(descendants())}


def differences(before):
    now = snapshot()
    found = [f"mount: {m}" for m in sorted(now["mounts"] - before["mounts"])]
    found += [f"mount is gone: {m}"
              for m in sorted(before["mounts"] - now["mounts"])]
    found += [f"cgroup: {c}"
              for c in sorted(now["cgroups"] - before["cgroups"])
              if not _belongs_to_others(c)]
    found += [f"process: {_command(p)}"
              for p in sorted(now["processes"] - before["processes"])]
    found += [f"{path} was {was}, is {now['devices'][path]}"
              for path, was in before["devices"].items()
              if now["devices"][path] != was]
    return found


def settle(before):
    """Differences that last.  Processes and empty cgroups among them are
    removed, so that they do not count against the next program as well."""
    deadline = time.monotonic() + GRACE
    while True:
        reap_orphans()
        found = differences(before)
        if not found or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    for pid in set(descendants()) - before["processes"]:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    for cgroup in sorted(_cgroups() - before["cgroups"], reverse=True):
        if "cgroup: " + cgroup in found:
            try:
                os.rmdir(cgroup)
            except OSError:
                pass
    return found


def describe(before):
    now = snapshot()
    lines = ["\nHost                  before  after"]
    for what in ("mounts", "cgroups", "processes"):
        lines.append(f"  {what:<18} {len(before[what]):>7} "
                     f"{len(now[what]):>6}")
    for path, was in before["devices"].items():
        after = now["devices"][path]
        lines.append(f"  {path:<18} {was}"
                     + ("" if was == after else f" -> {after}"))
    return "\n".join(lines)
