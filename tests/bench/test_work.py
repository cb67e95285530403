#!/usr/bin/env python3
"""The programs that `hull bench` runs in sandboxes, and what it makes of
them: what the probe sees is what config.json says, and changes with it.

The second half runs `hull bench` with a "runc" that is hull behind a script,
which does to it what the test wants to see in the results."""
# timeout: 500
import functools
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403
import wasm  # noqa: E402

WORK = os.path.join(os.path.dirname(os.path.dirname(HULL)), "bench", "work")
KILL, NET_BIND = 5, 10      # <linux/capability.h>


def workload(t, name, args, changes=None, files=()):
    """What a program of bench/work prints in a container."""
    b = t.bundle(changes=changes)
    shutil.copy(os.path.join(WORK, name), os.path.join(b.rootfs, "bin"))
    for path, make in files:
        make(os.path.join(b.rootfs, path))
    b.change({"process": {"args": [f"/bin/{name}", *args]}})
    return t.run(b, timeout=50).lines


class Seen:
    def __init__(self, lines):
        self.calls, self.lists, self.words = {}, {}, {}
        for line in lines:
            key, _, rest = line.partition(" ")
            if key == "call":
                number, answer = rest.split()
                self.calls[int(number)] = answer
            elif key in ("device", "writable"):
                self.lists.setdefault(key, set()).add(rest)
            elif key == "ns":
                kind, inode = rest.split()
                self.words[f"ns {kind}"] = int(inode)
            else:
                self.words[key] = rest
        if "end" not in self.words:
            raise Failure("the probe did not come to its end")

    def differences(self, other):
        return {n: (a, other.calls[n]) for n, a in self.calls.items()
                if a != other.calls[n]}

    @property
    def permitted(self):
        return int(self.words["caps"].split()[0], 16)

    @property
    def bounding(self):
        return int(self.words["caps"].split()[1], 16)


def probe(t, changes=None):
    need_root()
    return Seen(workload(t, "bench-probe", [], changes))


@functools.lru_cache(maxsize=None)
def number(name):
    """A system call's, on this architecture."""
    text = subprocess.run(
        ["cc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c",
         "/dev/null"], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf"#define __NR_{name} (\d+)", text)[1])


def seccomp(default, *rules):
    return {"linux": {"seccomp": {"defaultAction": default, "syscalls": [
        dict({"names": [name], "action": action}, **extra)
        for name, action, extra in rules]}}}


# ------------------------------------------------------------------ probe --

@test("probe: a call that the profile refuses changes, and no other")
def _(t):
    base = probe(t)
    t.equal(base.words["how"], "filter")
    t.equal(base.words["seccomp"], "0")
    if sum(a == "reached" for a in base.calls.values()) < 250:
        raise Failure(f"too few calls are reached: {base.calls}")
    got = probe(t, seccomp(
        "SCMP_ACT_ALLOW",
        ("mkdirat", "SCMP_ACT_ERRNO", {}),
        ("mknodat", "SCMP_ACT_ERRNO", {"errnoRet": 13}),
        ("getcpu", "SCMP_ACT_KILL_PROCESS", {}),
        ("swapon", "SCMP_ACT_TRAP", {}),
        ("acct", "SCMP_ACT_ERRNO", {"errnoRet": 38}),
        ("sync", "SCMP_ACT_LOG", {})))
    t.equal(got.words["seccomp"], "2")
    t.equal(base.differences(got), {
        number("mkdirat"): ("reached", "refused"),
        number("mknodat"): ("reached", "refused"),
        number("getcpu"): ("reached", "killed"),
        number("swapon"): ("reached", "killed"),
        number("acct"): ("reached", "absent"),
    })


@test("probe: what the kernel itself refuses is reached")
def _(t):
    got = probe(t)
    # None of these is allowed to a process without CAP_SYS_ADMIN and so on;
    # the code that says so is the kernel's.
    for name in ["mount", "reboot", "swapon", "acct", "bpf", "sync",
                 "vhangup", "settimeofday"]:
        t.equal((name, got.calls[number(name)]), (name, "reached"))


@test("probe: a call that is allowed with some arguments is reached")
def _(t):
    got = probe(t, seccomp(
        "SCMP_ACT_ALLOW",
        ("socket", "SCMP_ACT_ERRNO", {"args": [
            {"index": 0, "value": 2, "op": "SCMP_CMP_NE"}]}),
        ("personality", "SCMP_ACT_ERRNO", {"args": [
            {"index": 0, "value": 0, "op": "SCMP_CMP_NE"}]}),
        ("mlockall", "SCMP_ACT_ERRNO", {"args": [
            {"index": 0, "value": 0, "op": "SCMP_CMP_GE"}]})))
    t.equal(got.calls[number("socket")], "reached")
    t.equal(got.calls[number("personality")], "reached")
    t.equal(got.calls[number("mlockall")], "refused")


@test("probe: a default of refusing leaves what is named")
def _(t):
    need_root()
    with open(os.path.join(TOP, "tests", "data", "docker-config.json")) as f:
        profile = json.load(f)["linux"]["seccomp"]
    got = probe(t, {"linux": {"seccomp": profile}})
    allowed = {n for rule in profile["syscalls"]
               if rule["action"] == "SCMP_ACT_ALLOW" for n in rule["names"]}
    for name in ["mount", "reboot", "swapon", "init_module", "bpf",
                 "add_key", "kexec_load"]:
        if name in allowed:
            continue
        t.equal((name, got.calls[number(name)]), (name, "refused"))
    for name in ["read", "openat", "clone", "socket", "execve", "exit_group",
                 "rt_sigreturn"]:
        t.equal((name, got.calls[number(name)]), (name, "reached"))


@test("probe: capabilities, one less when one is dropped")
def _(t):
    base = probe(t)
    caps = default_spec()["process"]["capabilities"]
    less = {kind: [c for c in names if c != "CAP_KILL"]
            for kind, names in caps.items()}
    got = probe(t, {"process": {"capabilities": less}})
    t.equal(base.permitted & ~got.permitted, 1 << KILL)
    t.equal(got.permitted & ~base.permitted, 0)
    t.equal(base.bounding & ~got.bounding, 1 << KILL)
    if not got.permitted >> NET_BIND & 1:
        raise Failure("CAP_NET_BIND_SERVICE is gone, too")


@test("probe: namespaces, by the host's own inodes")
def _(t):
    got = probe(t)
    for kind in ["pid", "net", "mnt", "ipc", "uts"]:
        if got.words[f"ns {kind}"] == os.stat(f"/proc/self/ns/{kind}").st_ino:
            raise Failure(f"{kind} is the host's")
    t.equal(got.words["ns user"], os.stat("/proc/self/ns/user").st_ino)
    spaces = [n for n in default_spec()["linux"]["namespaces"]
              if n["type"] != "network"]
    got = probe(t, {"linux": {"namespaces": spaces}})
    t.equal(got.words["ns net"], os.stat("/proc/self/ns/net").st_ino)


@test("probe: devices and writable files, as the mounts have them")
def _(t):
    base = probe(t)
    t.equal(base.lists["device"] - {"/dev/tty", "/dev/pts/ptmx"},
            {f"/dev/{n}" for n in ["null", "zero", "full", "random",
                                   "urandom"]})
    for path in base.lists.get("writable", set()):
        if path.startswith(("/proc/sys/", "/sys/")):
            raise Failure(f"{path} is writable")
    got = probe(t, {"linux": {
        "readonlyPaths": [],
        "devices": [{"path": "/dev/mine", "type": "c", "major": 1,
                     "minor": 5}]}})
    t.has("\n".join(got.lists["writable"]), "/proc/sys/kernel/")
    t.equal(got.lists["device"] - base.lists["device"], {"/dev/mine"})


@test("probe: no_new_privs, both ways")
def _(t):
    t.equal(probe(t).words["no_new_privs"], "1")
    got = probe(t, {"process": {"noNewPrivileges": False}})
    t.equal(got.words["no_new_privs"], "0")


# --------------------------------------------------------------------- io --

IO = ["getpid", "open-close", "stat", "read", "write", "mmap", "pipe",
      "fork-exec", "tcp", "walk"]


def make_tree(path):
    subprocess.run([os.path.join(WORK, "bench-io"), "--make", path],
                   check=True)


def io(t, *names, changes=None, writable="/dev/shm"):
    """Operation -> nanoseconds, or what it said."""
    lines = workload(t, "bench-io", ["/tree", writable, *names], changes,
                     [("tree", make_tree)])
    found = {}
    for line in lines:
        name, _, rest = line.partition(" ")
        found[name] = rest if rest.startswith("error") else float(rest)
    return found


@test("io: every operation is timed, in a container")
def _(t):
    need_root()
    got = io(t)
    t.equal(list(got), IO)
    # What a slow machine does to one it does to the other.
    if not 0 < got["getpid"] < got["open-close"] < got["fork-exec"]:
        raise Failure(f"the order is wrong: {got}")


@test("io: what cannot be done says so, and the rest goes on")
def _(t):
    need_root()
    got = io(t, "write", "stat", writable="/")
    t.has(got["write"], "error: Read-only file system")
    t.equal(isinstance(got["stat"], float), True)
    got = io(t, "tcp", "getpid", changes=seccomp(
        "SCMP_ACT_ALLOW", ("connect", "SCMP_ACT_ERRNO", {"errnoRet": 101})))
    t.equal(got["tcp"], "error: Network is unreachable")
    t.equal(isinstance(got["getpid"], float), True)


@test("io: as a module")
def _(t):
    module = wasm.build("bench/work/io.c",
                        os.path.join(TOP, "bench/work/io_files.c"),
                        os.path.join(TOP, "bench/work/io_wasi.c"),
                        name="bench-io.wasm")
    make_tree(t.path("tree"))
    r = t.hull("wasm", "run", "--dir", f"{t.dir}::/", module, "/tree", "/",
               timeout=50)
    t.equal([line.split()[0] for line in r.lines],
            ["open-close", "stat", "read", "write", "walk"])
    for line in r.lines:
        if float(line.split()[1]) <= 0:
            raise Failure(line)


# ------------------------------------------------------------- hull bench --

def fake_runc(t, script):
    """hull, after a script that finds its bundle in $bundle."""
    path = t.path("fake-runc")
    with open(path, "w") as f:
        f.write("#!/bin/sh\n"
                "[ \"$1\" != --version ] || exec echo fake\n"
                "b=; for a; do [ \"$b\" != --bundle ] || bundle=$a; b=$a; done\n"
                f"{script}\n"
                f'exec {HULL} --sandbox namespaces "$@"\n')
    os.chmod(path, 0o755)
    return path


def bench(t, experiment, runtimes, script="", env=None, timeout="60s"):
    """results.json of a quick run."""
    need_root()
    out = t.path("out")
    r = t.hull("bench", experiment, "--quick", "--timeout", timeout,
               "--runtimes", runtimes,
               "--program", f"runc={fake_runc(t, script)}", "--out", out,
               timeout=200, env={**os.environ, **(env or {})})
    with open(os.path.join(out, "results.json")) as f:
        results = json.load(f)
    if not results["complete"]:
        raise Failure(f"not complete: {results['problems']} {r.stderr}")
    return results


def rows(results, experiment, who):
    return [r for r in results[experiment] if r["participant"] == who]


def one(found, **want):
    found = [r for r in found if all(r[k] == v for k, v in want.items())]
    if len(found) != 1:
        raise Failure(f"{len(found)} rows for {want}")
    return found[0]


def padded(size):
    return 512 + (size + 511) // 512 * 512


@test("size: a layer is the file and its libraries, as tar packs them")
def _(t):
    got = bench(t, "size", "hull-namespaces")["size"]
    row = one(got, language="C", form="native, static")
    exe = t.path("hello")
    subprocess.run(["cc", "-O2", "-static",
                    os.path.join(TOP, "bench/wasm/hello.c"), "-o", exe],
                   check=True)
    t.equal(row["measured"], True)
    t.equal(row["file"], os.path.getsize(exe))
    t.equal(row["layer"], padded(row["file"]) + 1024)
    if not row["layer"] // 10 < row["layer_gzip"] < row["layer"]:
        raise Failure(f"compressed: {row}")
    row = one(got, language="C", form="native, dynamic")
    subprocess.run(["cc", "-O2", os.path.join(TOP, "bench/wasm/hello.c"),
                    "-o", exe], check=True)
    libs = re.findall(r"(/\S+) \(0x", subprocess.run(
        ["ldd", exe], capture_output=True, text=True, check=True).stdout)
    t.equal(row["layer"], padded(row["file"]) + 1024 +
            sum(padded(os.path.getsize(lib)) for lib in libs))


@test("size: a compiler that is missing is named, and what is known shown")
def _(t):
    tools = t.path("tools")
    os.mkdir(tools)
    for name in ["cc", "as", "ld", "gzip", "ldd", "sh", "cat"]:
        os.symlink(shutil.which(name), os.path.join(tools, name))
    got = bench(t, "size", "hull-namespaces", env={"PATH": tools})["size"]
    t.equal(one(got, language="C", form="native, static")["measured"], True)
    row = one(got, language="C", form="wasm, stripped")
    t.equal(row["measured"], False)
    t.has(row["source"], "not here: no clang for wasm32-wasi")
    with open(os.path.join(TOP, "src", "bench", "size.def")) as f:
        known = re.search(r'"C",\s*"wasm, stripped",\s*(\d+), (\d+), (\d+)',
                          f.read())
    t.equal([row["file"], row["layer"], row["layer_gzip"]],
            [int(n) for n in known.groups()])


@test("io: what each call costs more is seen as a ratio")
def _(t):
    strace = need_program("strace")
    # Only what is attached: it would wait for a container that is created.
    got = bench(t, "io", "hull-namespaces,runc", f"""
case " $* " in
*" run "*) exec {strace} -f -qq -o /dev/null {HULL} --sandbox namespaces "$@" ;;
esac""")
    host = {r["operation"]: r for r in rows(got, "io", "fork+exec")}
    t.equal(list(host), IO)
    for r in rows(got, "io", "hull-namespaces"):
        t.equal((r["operation"], r["ok"]), (r["operation"], True))
        near = r["ns"] / host[r["operation"]]["ns"]
        if abs(r["ratio"] - near) > 0.01 * near:
            raise Failure(f"{r} next to {host[r['operation']]}")
    traced = one(rows(got, "io", "runc"), operation="getpid")
    if traced["ratio"] < 10:
        raise Failure(f"tracing costs nothing: {traced}")


@test("compat: no, with the reason, for what fails, is wrong, or hangs")
def _(t):
    got = bench(t, "compat", "hull-namespaces,hull-wasm,runc", """
case $(cat $bundle/config.json 2>/dev/null) in
*/bin/threads*) echo "Error: not with me" >&2; echo more >&2; exit 3 ;;
*/bin/busybox*sort*) echo 7; exit 0 ;;
*/bin/bash*) sleep 1000 ;;
esac""", timeout="8s")
    mine = rows(got, "compat", "runc")
    reason = {w: one(mine, workload=w)["reason"]
              for w in ["threads in C", "busybox sh", "bash, coreutils"]}
    for w in reason:
        t.equal((w, one(mine, workload=w)["verdict"]), (w, "no"))
    t.equal(reason["threads in C"], "exit status 3: Error: not with me")
    t.equal(reason["busybox sh"], 'it printed "7", not "3"')
    t.has(reason["bash, coreutils"], "still running after 8 s")
    for w in reason:
        t.equal(one(rows(got, "compat", "hull-namespaces"),
                    workload=w)["verdict"], "yes")
    row = one(rows(got, "compat", "hull-wasm"), workload="threads in C")
    t.equal(row["verdict"], "n/a")
    for row in rows(got, "compat", "hull-wasm"):
        if "WASI" in row["workload"] or "wasm" in row["workload"]:
            if "no clang" in row.get("reason", "") or \
                    "no rustc" in row.get("reason", ""):
                continue
            t.equal((row["workload"], row["verdict"]),
                    (row["workload"], "yes"))


@test("surface: one capability and two calls less are seen as that")
def _(t):
    got = bench(t, "surface", "hull-namespaces,hull-wasm,runc", """
[ -z "$bundle" ] || python3 -c '
import json, sys
path = sys.argv[1] + "/config.json"
c = json.load(open(path))
for names in c["process"]["capabilities"].values():
    if "CAP_KILL" in names:
        names.remove("CAP_KILL")
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["mkdirat", "mount"], "action": "SCMP_ACT_ERRNO"}]}
json.dump(c, open(path, "w"))
' $bundle""")
    base = rows(got, "surface", "hull-namespaces")[0]
    mine = rows(got, "surface", "runc")[0]
    t.equal(sorted(set(base["reachable"]) - set(mine["reachable"])),
            ["mkdirat", "mount"])
    t.equal(set(mine["reachable"]) - set(base["reachable"]), set())
    t.equal(base["syscalls_reachable"] - mine["syscalls_reachable"], 2)
    t.equal(set(base["capabilities"]) - set(mine["capabilities"]),
            {"CAP_KILL"})
    t.equal((base["seccomp"], mine["seccomp"]), (False, True))
    t.equal((base["pid_ns"], base["net_ns"], base["second_kernel"]),
            (True, True, False))
    t.equal(base["devices_found"], len(base["devices"]))
    if not {"execve", "write", "mount"} <= set(base["hello"]):
        raise Failure(f"what a hello takes: {base['hello']}")
    host = rows(got, "surface", "fork+exec")[0]
    t.equal((host["pid_ns"], host["net_ns"], host["seccomp"]),
            (False, False, False))

    module = rows(got, "surface", "hull-wasm")[0]
    if "clang" in module.get("reason", ""):
        skip("wasi-libc", module["reason"])
    t.equal((module["ok"], module["seccomp"], module["no_new_privs"]),
            (True, True, True))
    t.equal(module["capabilities"], [])
    # Of the engine's own list, and nothing that makes processes.
    if not {"openat2", "socket", "write"} <= set(module["reachable"]) or \
            {"execve", "clone", "ptrace", "mount"} & set(module["reachable"]):
        raise Failure(f"past the engine's filter: {module['reachable']}")


@test("surface: as an ordinary user, and what only root can see is n/a")
def _(t):
    need_root()     # to become another
    how = {"user": 65534, "group": 65534, "extra_groups": []}
    r = subprocess.run(["unshare", "-U", "true"], capture_output=True,
                       text=True, **how)
    if r.returncode:
        skip("userns", "an ordinary user may not make a user namespace: " +
             r.stderr.strip())
    out = t.path("out")
    os.chmod(t.dir, 0o777)
    t.hull("bench", "surface", "--quick", "--runtimes",
           "hull-namespaces,hull-wasm", "--out", out, timeout=200,
           env={"PATH": os.environ["PATH"], "HOME": t.dir,
                "TMPDIR": t.dir}, **how)
    with open(os.path.join(out, "results.json")) as f:
        got = json.load(f)
    mine = rows(got, "surface", "hull-namespaces")[0]
    t.equal((mine["ok"], mine["user_ns"], mine["pid_ns"]), (True, True, True))
    module = rows(got, "surface", "hull-wasm")[0]
    t.equal(module["ok"], False)
    if "clang" not in module["reason"]:
        t.has(module["reason"], "n/a: only root may look")


@test("cpu: a wrong result is no time")
def _(t):
    got = bench(t, "cpu", "hull-namespaces,runc", """
case $(cat $bundle/config.json 2>/dev/null) in
*/bin/crc32*) echo 0000000000000bad; exit 0 ;;
*/bin/sieve*) exit 9 ;;
esac""")
    mine = rows(got, "cpu", "runc")
    t.equal(one(mine, kernel="crc32")["reason"],
            "wrong result: 0000000000000bad, not 000000007aed9d4e")
    t.equal(one(mine, kernel="sieve")["reason"], "exit status 9")
    t.equal([r["kernel"] for r in mine if not r["ok"]], ["crc32", "sieve"])
    for r in rows(got, "cpu", "hull-namespaces"):
        # Not tighter: tests run on busy machines.
        if not r["ok"] or not 0.2 < r["ratio"] < 5:
            raise Failure(f"native code in a container: {r}")


main()
