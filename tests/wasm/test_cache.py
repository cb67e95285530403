#!/usr/bin/env python3
"""Compiled modules: the cache, and the compiler's jail.

Where it matters what the compiler does, it is fake-wasmc, which does what a
module's custom section "fake" asks for.
# timeout: 240
"""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
from hull import *  # noqa: E402,F403
from hull import HULL, main, need_root, skip, test  # noqa: E402

BUILD = os.path.dirname(os.path.dirname(HULL))
FAKE = os.path.join(BUILD, "tests", "wasm", "fake-wasmc")
DYNAMIC = FAKE + "-dynamic"
REAL = os.path.join(BUILD, "bin", "hull-wasmc")

# (module (func (export "_start")))
EMPTY = (b"\0asm\1\0\0\0" b"\1\4\1\x60\0\0" b"\3\2\1\0"
         b"\7\x0a\1\6_start\0\0" b"\x0a\4\1\2\0\x0b")


def module(t, mode="good", name=None):
    """A module that asks fake-wasmc for something."""
    body = b"\4fake" + mode.encode()
    path = t.path((name or mode) + ".wasm")
    with open(path, "wb") as f:
        f.write(EMPTY + b"\0" + bytes([len(body)]) + body)
    return path


def call(t, *args, status=0, compiler=FAKE, user=None, timeout=30, **env):
    """hull --debug wasm ARGS, with a cache of the test's own."""
    env = {"HULL_CACHE_DIR": t.path("cache"), "HULL_WASMC": compiler, **env}
    env = {**os.environ, **{k: v for k, v in env.items() if v is not None}}
    if "HULL_WASM_COMPILE" not in env or \
            env["HULL_WASM_COMPILE"] == "never":
        env.pop("HULL_WASM_COMPILE", None)
    p = subprocess.run([HULL, "--debug", "wasm", *args], capture_output=True,
                       text=True, env=env, timeout=timeout, user=user,
                       group=user, stdin=subprocess.DEVNULL, check=False)
    if status is not None:
        t.check(p.returncode == status, f"hull wasm {' '.join(args)}: status "
                f"{p.returncode}: {p.stdout}{p.stderr}")
    return p


def rows(t, **kw):
    return json.loads(call(t, "cache", "--json", **kw).stdout)


def wait_for(t, what, seconds=10):
    end = time.monotonic() + seconds
    while not (found := what()):
        t.check(time.monotonic() < end, "it did not happen in time")
        time.sleep(0.05)
    return found


def native(p):
    return "interpreted" not in p.stderr


def read_proc(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as f:
            return f.read().decode(errors="replace")
    except OSError:
        return ""


def is_ours(t, pid):
    """Others on this machine may compile as well."""
    return f"HULL_CACHE_DIR={t.dir}/" in read_proc(pid, "environ")


def name_of(t, pid):
    """hull-compile and hull-wasmc, who compile for this test; else None."""
    stat = re.fullmatch(r"\d+ \((.*)\) (\S) (\d+) .*\n?",
                        read_proc(pid, "stat"), re.S)
    # Whether somebody reaps it is the host's matter.
    if not stat or stat[2] == "Z":
        return None
    if read_proc(pid, "cmdline").startswith("hull-wasmc\0"):
        parent = int(stat[3])
        while parent > 1 and read_proc(parent, "cmdline").startswith(
                "hull-wasmc\0"):
            parent = int(read_proc(parent, "stat").rpartition(")")[2]
                         .split()[1])
        # One that outlived its hull is whoever's.
        if is_ours(t, parent) or read_proc(parent, "comm").strip() not in (
                "hull", "hull-compile"):
            return "hull-wasmc"
        return None
    return stat[1] if stat[1] == "hull-compile" and is_ours(t, pid) else None


def jobs(t, name=None):
    return [int(p) for p in os.listdir("/proc") if p.isdigit() and
            (found := name_of(t, p)) and name in (None, found)]


def images(t):
    folder = t.path("cache") + "/images"
    return [os.path.join(folder, n) for n in sorted(os.listdir(folder))]


def compiler():
    """The one whose images can be run."""
    if not os.path.exists(REAL):
        skip("llvm", "this build has no hull-wasmc")
    return REAL


@test("background: the first run interprets, later ones do not")
def _(t):
    m = module(t)
    p = call(t, "run", m, compiler=compiler())
    t.has(p.stderr, "interpreted: it is being compiled")
    wait_for(t, lambda: [r["state"] for r in rows(t)] == ["ok"])
    t.check(native(call(t, "run", m, compiler=compiler())), "interpreted")
    # Also from another place.
    shutil.copy(m, t.path("copy.wasm"))
    t.check(native(call(t, "run", t.path("copy.wasm"),
                        compiler="/nonexistent")), "interpreted")
    wait_for(t, lambda: not jobs(t))
    t.equal(os.listdir(t.path("cache") + "/locks"), [])


@test("the run does not wait for the compiler, nor does who reads its output")
def _(t):
    start = time.monotonic()
    call(t, "run", module(t, "slow"))
    t.check(time.monotonic() - start < 1.5, "it waited")
    wait_for(t, lambda: [r["state"] for r in rows(t)] == ["ok"])


@test("first-run and require compile first; never does nothing")
def _(t):
    for policy in ["first-run", "require"]:
        m = module(t, name=policy)
        t.check(native(call(t, "run", "--compile", policy, m,
                            compiler=compiler())), policy)
        shutil.rmtree(t.path("cache"))
    m = module(t)
    p = call(t, "run", "--compile=never", m)
    t.equal(p.stderr, "")
    t.check(not os.path.exists(t.path("cache")), "never made a cache")
    call(t, "run", m, compiler=compiler(), HULL_WASM_COMPILE="first-run")
    t.equal(len(images(t)), 1)
    t.one_line(call(t, "run", "--compile=soon", m, status=1).stderr, "soon")
    t.one_line(call(t, "run", m, status=1, HULL_WASM_COMPILE="soon").stderr,
               "HULL_WASM_COMPILE", "soon")


@test("without a compiler modules are interpreted, and require is an error")
def _(t):
    m = module(t)
    for policy in ["background", "first-run"]:
        p = call(t, "run", "--compile", policy, m, compiler="/nonexistent")
        t.one_line(p.stderr, "interpreted", "/nonexistent")
    p = call(t, "run", "--compile=require", m, compiler="/nonexistent",
             status=1)
    t.one_line(p.stderr, "required", "/nonexistent")


@test("fuel is another image")
def _(t):
    m = module(t)
    call(t, "run", "--compile=first-run", m, compiler=compiler())
    p = call(t, "run", "--fuel=1000", "--compile=background", m,
             compiler="/nonexistent")
    t.has(p.stderr, "interpreted")


@test("what the compiler hands back is checked, and told when refused")
def _(t):
    for mode, text in {"other": "another module", "garbage": "not an image",
                       "nothing": "not an image", "crash": "ended by SIG",
                       "hard": "too many blocks"}.items():
        m = module(t, mode)
        p = call(t, "run", "--compile=first-run", m)
        t.one_line(p.stderr, "warning", "interpreted", text)
        p = call(t, "run", "--compile=require", m, status=1)
        t.one_line(p.stderr, "required", text)
        # The same again would end the same way: it is not tried.
        p = call(t, "run", m, compiler="/nonexistent")
        t.one_line(p.stderr, "interpreted", text)
    t.equal(images(t), [])
    t.equal({r["state"] for r in rows(t)}, {"failed"})


@test("code that does not fit its module is not run")
def _(t):
    m = module(t)
    p = call(t, "run", "--compile=first-run", m)
    t.one_line(p.stderr, "interpreted", "its code is not that")
    p = call(t, "run", "--compile=require", m, status=1)
    t.one_line(p.stderr, "its code is not that")


ATTEMPTS = ["read", "write", "connect", "rights", "execute", "fork",
            "threads", "memory", "disk", "descriptors"]


@test("nothing that a compiler tries in its jail succeeds")
def _(t):
    for fake in [FAKE, DYNAMIC]:
        for mode in ATTEMPTS:
            p = call(t, "compile", "-o", t.path("out"), module(t, mode),
                     compiler=fake, status=1)
            t.one_line(p.stderr, f"{mode}: refused")
    t.check(not os.path.exists(t.path("out")), "it made an image")
    call(t, "compile", "-o", t.path("out"), module(t), compiler=DYNAMIC)


@test("the jail is the same for an ordinary user")
def _(t):
    need_root()
    os.chmod(t.dir, 0o777)
    for mode in ATTEMPTS:
        p = call(t, "compile", "-o", t.path("out"), module(t, mode),
                 user=1000, status=1)
        if "namespaces for the compiler" in p.stderr:
            skip("userns", "no user namespaces for ordinary users")
        t.one_line(p.stderr, f"{mode}: refused")
    call(t, "compile", "-o", t.path("out"), module(t), user=1000)
    t.equal(os.stat(t.path("out")).st_uid, 1000)


@test("a compiler without end is ended, and the run goes on interpreted")
def _(t):
    m = module(t, "forever")
    start = time.monotonic()
    p = call(t, "run", "--compile=first-run", m, HULL_COMPILE_SECONDS="1")
    t.check(time.monotonic() - start < 5, "it took too long")
    t.one_line(p.stderr, "interpreted", "longer than 1 s")
    wait_for(t, lambda: not jobs(t))
    t.one_line(call(t, "run", m, status=1, HULL_COMPILE_SECONDS="0",
                    HULL_CACHE_DIR=t.path("b"),
                    HULL_WASM_COMPILE="require").stderr,
               "HULL_COMPILE_SECONDS=0")


@test("kill -9 leaves neither half an image nor a lock nor a process")
def _(t):
    m = module(t, "slow")
    for victim in ["hull-compile", "hull-wasmc"]:
        call(t, "run", m)
        found = wait_for(t, lambda: jobs(t, victim))
        os.kill(found[0], signal.SIGKILL)
        wait_for(t, lambda: not jobs(t), 1.5)
        t.equal(images(t), [])
        # A crash of the compiler is the module's: it is not tried again.
        shutil.rmtree(t.path("cache") + "/failed")
    call(t, "run", "--compile=first-run", m, compiler=compiler())
    t.equal(len(images(t)), 1)
    t.equal(os.listdir(t.path("cache") + "/locks"), [])


@test("several at once compile a module once")
def _(t):
    m = module(t, "slow")
    for _ in range(5):
        t.has(call(t, "run", m).stderr, "interpreted")
    wait_for(t, lambda: jobs(t, "hull-wasmc"))
    time.sleep(0.3)
    t.equal(len(jobs(t, "hull-wasmc")), 1)
    # Whoever needs it waits for the one that is at it.
    start = time.monotonic()
    call(t, "run", "--compile=require", "--invoke", "none", m, status=1)
    t.check(time.monotonic() - start < 2.5, "it was compiled again")
    t.equal(len(images(t)), 1)
    wait_for(t, lambda: not jobs(t))


@test("a damaged image is made anew")
def _(t):
    m = module(t)
    call(t, "run", "--compile=first-run", m, compiler=compiler())
    path = images(t)[0]
    with open(path, "rb") as f:
        whole = f.read()
    for data in [whole[:-1], whole[:4096], b"", whole[:9000] + b"x" +
                 whole[9001:]]:
        os.chmod(path, 0o600)
        with open(path, "wb") as f:
            f.write(data)
        p = call(t, "run", m, compiler="/nonexistent")
        t.has(p.stderr, "interpreted")
        t.equal(images(t), [])
        p = call(t, "run", "--compile=require", m, compiler=compiler())
        t.check(native(p), p.stderr)
        with open(path, "rb") as f:
            t.check(f.read() == whole, "another image")


@test("an image as the program: run as it is, refused when it is not whole")
def _(t):
    image = t.path("good.aot")
    call(t, "compile", module(t), compiler=compiler())
    call(t, "run", image, compiler=None)
    with open(image, "rb") as f:
        whole = f.read()
    for data, text in [(whole[:-1], "damaged image"),
                       (whole[:9000] + b"x" + whole[9001:], "checksum"),
                       (whole[:5000], "damaged image")]:
        with open(t.path("bad.aot"), "wb") as f:
            f.write(data)
        t.one_line(call(t, "run", t.path("bad.aot"), status=1).stderr,
                   "bad.aot", text)
    os.chmod(image, 0o666)
    t.one_line(call(t, "run", image, status=1).stderr, "others may write")
    if os.geteuid() == 0:
        os.chmod(image, 0o644)
        os.chown(image, 1000, 1000)
        t.one_line(call(t, "run", image, status=1).stderr, "user 1000")


@test("a cache that cannot be used costs time, and is told")
def _(t):
    m = module(t)
    with open(t.path("file"), "w"):
        pass
    os.makedirs(t.path("open"))
    os.chmod(t.path("open"), 0o755)
    for where in ["/proc/nothing", t.path("file"), t.path("open")]:
        p = call(t, "run", m, HULL_CACHE_DIR=where)
        t.one_line(p.stderr, "interpreted", where)
        p = call(t, "run", "--compile=require", m, HULL_CACHE_DIR=where,
                 compiler=compiler())
        t.check(native(p), p.stderr)
    t.one_line(call(t, "run", m, HULL_CACHE_SIZE="much").stderr,
               "HULL_CACHE_SIZE=much")


@test("a full disk and a read-only one: the same")
def _(t):
    need_root()
    m = module(t)
    os.makedirs(t.path("small"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=0700", "none",
                    t.path("small")], check=True)
    try:
        call(t, "run", m, HULL_CACHE_DIR=t.path("small"))
        wait_for(t, lambda: not jobs(t))
        p = call(t, "run", "--compile=first-run", m,
                 HULL_CACHE_DIR=t.path("small"), compiler=compiler())
        t.check(native(p), p.stderr)
        t.equal([n for n in os.listdir(t.path("small") + "/images")], [])
        subprocess.run(["mount", "-o", "remount,ro", t.path("small")],
                       check=True)
        p = call(t, "run", m, HULL_CACHE_DIR=t.path("small"))
        t.has(p.stderr, "interpreted")
        p = call(t, "run", "--compile=require", m, compiler=compiler(),
                 HULL_CACHE_DIR=t.path("small"))
        t.check(native(p), p.stderr)
        wait_for(t, lambda: not jobs(t))
    finally:
        subprocess.run(["umount", t.path("small")], check=True)


@test("compile: the output's name, and no output that is not whole")
def _(t):
    m = module(t)
    call(t, "compile", m)
    t.equal(oct(os.stat(t.path("good.aot")).st_mode & 0o133), "0o0")
    before = os.stat(t.path("good.aot"))
    call(t, "compile", "-o", t.path("good.aot"), module(t, "garbage"),
         status=1)
    t.equal(os.stat(t.path("good.aot")).st_ino, before.st_ino)
    t.check(not [n for n in os.listdir(t.dir) if n.startswith(".")],
            str(os.listdir(t.dir)))
    t.one_line(call(t, "compile", "/etc/passwd", status=1).stderr, "\\0asm")
    t.one_line(call(t, "compile", m, "-o", "/proc/x", status=1).stderr,
               "/proc/x")


@test("the compiler's progress is shown, and nothing else on the terminal")
def _(t):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["HULL_WASMC"] = FAKE
        os.execv(HULL, [HULL, "wasm", "compile", module(t, "speak"), "-o",
                        t.path("out")])
    seen = b""
    try:
        while data := os.read(fd, 4096):
            seen += data
    except OSError:
        pass
    t.equal(os.waitpid(pid, 0)[1], 0)
    t.equal(seen.replace(b"\r\n", b"\n"), b"\r 50%\033[K\rdone\033[K\n")


@test("cache: list, verify, prune and path")
def _(t):
    t.has(call(t, "cache").stdout, "0 images")
    call(t, "run", "--compile=first-run", module(t), compiler=compiler())
    call(t, "run", "--compile=first-run", module(t, "hard"))
    out = call(t, "cache", "list").stdout
    t.check(max(len(line) for line in out.splitlines()[:-1]) < 80, out)
    t.has(out, "too many blocks")
    t.has(out, "1 image,")
    states = {r["state"]: r for r in rows(t)}
    t.equal(set(states), {"ok", "failed"})
    t.check(re.fullmatch("[0-9a-f]{64}", states["ok"]["module"]), "module")
    t.equal(call(t, "cache", "path").stdout, t.path("cache") + "\n")
    t.equal(json.loads(call(t, "cache", "verify", "--json").stdout),
            {"whole": 1, "damaged": 0, "skipped": 0})
    path = images(t)[0]
    os.chmod(path, 0o600)
    with open(path, "r+b") as f:
        f.seek(9000)
        f.write(b"x")
    p = call(t, "cache", "verify", status=1)
    t.has(p.stdout, "removed: damaged image")
    t.equal(images(t), [])
    call(t, "run", "--compile=first-run", module(t), compiler=compiler())
    t.check(json.loads(call(t, "cache", "prune", "--all",
                            "--json").stdout)["freed"] > 0, "nothing freed")
    t.equal([r["state"] for r in rows(t)], ["failed"])
    t.one_line(call(t, "cache", "wash", status=1).stderr, "wash", "prune")


@test("the cache is where the XDG specification says, and private")
def _(t):
    need_root()
    os.chmod(t.dir, 0o777)
    env = {"HULL_CACHE_DIR": None, "HULL_WASMC": FAKE}
    for more, path in [({"XDG_CACHE_HOME": t.path("xdg")}, "xdg/hull/wasm"),
                       ({"XDG_CACHE_HOME": "", "HOME": t.path("home")},
                        "home/.cache/hull/wasm")]:
        os.environ.pop("HULL_CACHE_DIR", None)
        p = call(t, "cache", "path", user=1000, **env, **more)
        t.equal(p.stdout, t.path(path) + "\n")
        st = os.stat(t.path(path))
        t.equal((st.st_uid, st.st_mode & 0o777), (1000, 0o700))


main()
