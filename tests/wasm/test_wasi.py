#!/usr/bin/env python3
"""WASI preview 1: a program per function, and attempts to get out.
# timeout: 300
"""
import glob
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
from hull import *  # noqa: E402,F403
from hull import HULL, TOP, main, skip, test  # noqa: E402
import wasm  # noqa: E402

SOURCES = os.path.join(TOP, "tests", "wasm", "wasi")
# Programs that need more than the ordinary run below.
SPECIAL = {"args_get", "environ_get", "proc_exit", "proc_raise", "sock",
           "sock_accept", "escape", "stdio", "sleep", "unstable",
           "chaos"}


def make_tree(t, name="tree"):
    """in/, what the guest holds, beside outside/, which it does not."""
    top = t.path(name)
    os.makedirs(top, exist_ok=True)
    inside, outside = os.path.join(top, "in"), os.path.join(top, "outside")
    for d in [f"{inside}/dir", f"{inside}/many", f"{outside}/empty"]:
        os.makedirs(d)
    for path, text in {"in/file": "hello, world", "in/dir/a": "a",
                       "in/dir/b": "b", "outside/secret": "secret"}.items():
        with open(os.path.join(top, path), "w") as f:
            f.write(text)
    os.utime(f"{inside}/file",
             ns=(1000000000123456789, 1500000000987654321))
    for link, target in {"link": "file", "evil": "../outside",
                         "abs": "/etc/passwd", "loop": "loop"}.items():
        os.symlink(target, os.path.join(inside, link))
    for i in range(150):
        open(f"{inside}/many/f{i}", "w").close()
    for i in range(20):
        open(f"{inside}/many/x{i}", "w").close()
    return inside


def outside_is_untouched(t, inside):
    outside = os.path.join(os.path.dirname(inside), "outside")
    t.equal(sorted(os.listdir(outside)), ["empty", "secret"], outside)
    with open(f"{outside}/secret") as f:
        t.equal(f.read(), "secret", "the file outside")
    t.equal(sorted(os.listdir(os.path.dirname(inside))), ["in", "outside"],
            "the directory above")


def run_guest(t, module, *args, options=(), status=0, stdin=None):
    """Standard input is a pipe with nothing in it, standard error one that
    nobody reads."""
    inside = make_tree(t, os.path.basename(tempfile.mkdtemp(dir=t.dir)))
    quiet_r, quiet_w = os.pipe()
    broken_r, broken_w = os.pipe()
    os.close(broken_r)
    try:
        with open(t.path("out"), "w+") as out:
            p = subprocess.run(
                [HULL, "wasm", "run", "--dir", f"{inside}::/", *options,
                 module, *args],
                stdin=stdin or quiet_r, stdout=subprocess.PIPE,
                stderr=out if stdin else broken_w, text=True, timeout=20,
                check=False)
            out.seek(0)
            said = p.stdout + out.read()
    finally:
        for fd in (quiet_r, quiet_w, broken_w):
            os.close(fd)
    t.check(p.returncode == status,
            f"exit status {p.returncode}, not {status}: {said}")
    outside_is_untouched(t, inside)
    return p.stdout


def ordinary(name):
    @test(f"wasi: {name}")
    def _(t):
        out = run_guest(t, wasm.build(f"tests/wasm/wasi/{name}.c"))
        t.equal(out, "ok\n", "what it printed")


for path in sorted(glob.glob(f"{SOURCES}/*.c")):
    if os.path.basename(path)[:-2] not in SPECIAL:
        ordinary(os.path.basename(path)[:-2])


@test("every function of WASI is called by a test")
def _(t):
    with open(os.path.join(TOP, "src", "wasm", "wasi.def")) as f:
        names = re.findall(r'^WASI(?:_AS)?\((\w+), "', f.read(), re.M)
    t.check(len(set(names)) >= 46 + 20, f"only {len(names)} rows were found")
    text = ""
    for path in glob.glob(f"{SOURCES}/*.c") + \
            glob.glob(f"{TOP}/tests/wasm/sockets/*.c"):
        with open(path) as f:
            text += f.read()
    missing = [n for n in names if not re.search(rf"\b(__wasi_)?{n}(_v1)?\(", text)]
    t.equal(missing, [], "functions without a test")


@test("wasi: args_get")
def _(t):
    out = run_guest(t, wasm.build("tests/wasm/wasi/args_get.c"), "one",
                    "\xe9 2")
    t.equal(out, "ok\n")


@test("wasi: environ_get: only what was given")
def _(t):
    os.environ["HULL_TEST_SECRET"] = "1"
    out = run_guest(t, wasm.build("tests/wasm/wasi/environ_get.c"),
                    options=["--env", "A=0", "--env", "A=1", "--env",
                             "EMPTY=", "--env", "NOT_SET_ANYWHERE"])
    t.equal(out, "ok\n")


@test("wasi: proc_exit: the exit status, and never 0 by accident")
def _(t):
    module = wasm.build("tests/wasm/wasi/proc_exit.c")
    for code, status in {"0": 0, "3": 3, "255": 255, "256": 1,
                         "258": 2, "0xffffffff": 255}.items():
        out = run_guest(t, module, code, status=status)
        t.equal(out, "", f"what it printed after proc_exit({code})")


@test("wasi: proc_raise ends the program as the signal would")
def _(t):
    module = wasm.build("tests/wasm/wasi/proc_raise.c")
    for sig, status in {"6": 134, "15": 143, "9": 137}.items():
        t.equal(run_guest(t, module, sig, status=status), "")


@test("wasi: sock_recv, sock_send, sock_shutdown")
def _(t):
    ours, theirs = socket.socketpair()
    got = []

    def peer():
        ours.sendall(b"ping")
        while chunk := ours.recv(10):
            got.append(chunk)
        ours.close()

    thread = threading.Thread(target=peer)
    thread.start()
    with theirs:
        out = run_guest(t, wasm.build("tests/wasm/wasi/sock.c"),
                        stdin=theirs)
    thread.join()
    t.equal(out, "ok\n")
    t.equal(b"".join(got), b"pong", "what the guest sent")


@test("wasi: sock_accept")
def _(t):
    listener = socket.create_server(("127.0.0.1", 0))
    got = []

    def client():
        with socket.create_connection(listener.getsockname()) as c:
            c.sendall(b"ping")
            got.append(c.recv(10))

    thread = threading.Thread(target=client)
    thread.start()
    with listener:
        out = run_guest(t, wasm.build("tests/wasm/wasi/sock_accept.c"),
                        stdin=listener)
    thread.join()
    t.equal(out, "ok\n")
    t.equal(got, [b"pong"], "what the client read")


@test("arguments that make no sense harm neither the host nor its files")
def _(t):
    module = wasm.build("tests/wasm/wasi/chaos.c")
    for seed in range(8):
        out = run_guest(t, module, "10000", str(seed))
        t.equal(out, "ok\n", f"seed {seed}")


# ----------------------------------------------------------------- escapes --

@test("no path leads out, however it is written")
def _(t):
    out = run_guest(t, wasm.build("tests/wasm/wasi/escape.c"))
    t.equal(out, "ok\n")


@test("no path leads out of a directory whose children are being renamed")
def _(t):
    # "sub" moves out of the guest's directory and back, and "swap" turns
    # from a directory into a symlink that leads out, all the time.
    inside = make_tree(t)
    outside = os.path.join(os.path.dirname(inside), "outside")
    module = wasm.build("tests/wasm/wasi/escape.c")
    os.makedirs(f"{inside}/sub/deep")
    os.makedirs(f"{inside}/swap")
    os.symlink("../outside", f"{inside}/swap2")
    with open(f"{inside}/swap/secret", "w") as f:
        f.write("mine")
    with open(f"{inside}/secret", "w") as f:
        f.write("mine")
    stop = threading.Event()

    def mover():
        while not stop.is_set():
            os.rename(f"{inside}/sub", f"{outside}/sub")
            os.rename(f"{outside}/sub", f"{inside}/sub")
            for a, b in [("swap", "swap3"), ("swap2", "swap"),
                         ("swap", "swap2"), ("swap3", "swap")]:
                os.rename(f"{inside}/{a}", f"{inside}/{b}")

    thread = threading.Thread(target=mover)
    thread.start()
    try:
        r = subprocess.run([HULL, "wasm", "run", "--dir", f"{inside}::/",
                            module, "race"], capture_output=True, text=True,
                           timeout=50, check=False)
    finally:
        stop.set()
        thread.join()
    t.equal((r.returncode, r.stdout), (0, "ok\n"), f"the race: {r.stderr}")
    outside_is_untouched(t, inside)


@test("/proc is no way out, even as the guest's directory")
def _(t):
    r = subprocess.run([HULL, "wasm", "run", "--dir", "/proc::/",
                        wasm.build("tests/wasm/wasi/escape.c"), "proc"],
                       capture_output=True, text=True, timeout=20,
                       check=False)
    t.equal((r.returncode, r.stdout), (0, "ok\n"), r.stderr)


@test("nothing can be changed below a read-only directory")
def _(t):
    inside = make_tree(t)
    r = subprocess.run([HULL, "wasm", "run", "--dir", f"{inside}::/:ro",
                        wasm.build("tests/wasm/wasi/escape.c"), "readonly"],
                       capture_output=True, text=True, timeout=20,
                       check=False)
    t.equal((r.returncode, r.stdout), (0, "ok\n"), r.stderr)
    t.equal(len(os.listdir(inside)), 7, "names in the directory")


@test("a guest without a directory finds none")
def _(t):
    r = subprocess.run([HULL, "wasm", "run",
                        wasm.build("tests/wasm/wasi/escape.c"), "nothing"],
                       capture_output=True, text=True, timeout=20,
                       check=False)
    t.equal((r.returncode, r.stdout), (0, "ok\n"), r.stderr)


# ------------------------------------------------------------ whole programs --

@test("wasi-libc's stdio, directories and time work")
def _(t):
    out = run_guest(t, wasm.build("tests/wasm/wasi/stdio.c"))
    t.equal(out, "ok\n")


@test("a program in Rust")
def _(t):
    out = run_guest(t, wasm.build_rust("tests/wasm/wasi/rust.rs"), "x",
                    options=["--env", "KEY=value"])
    t.equal(out, "ok\n")


@test("the old name, wasi_unstable, with its layouts")
def _(t):
    out = run_guest(t, wasm.build("tests/wasm/wasi/unstable.c"))
    t.equal(out, "ok\n")


@test("sleeping costs no time of the CPU")
def _(t):
    p = subprocess.Popen([HULL, "wasm", "run",
                          wasm.build("tests/wasm/wasi/sleep.c"), "60"],
                         stdout=subprocess.PIPE)
    try:
        p.stdout.readline()
        time.sleep(0.05)

        def ticks():
            with open(f"/proc/{p.pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        before = ticks()
        time.sleep(0.5)
        t.check(ticks() - before <= 1, "the sleeper used the CPU")
    finally:
        p.kill()
        p.communicate()


main()
