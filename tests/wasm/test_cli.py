#!/usr/bin/env python3
"""hull wasm run, validate, inspect and disasm, as a person uses them."""
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
from hull import *  # noqa: E402,F403
from hull import HULL, main, test  # noqa: E402
import wasm  # noqa: E402


def wasm_hull(t, *args, status=0, stdin=subprocess.DEVNULL):
    p = subprocess.run([HULL, "wasm", *args], capture_output=True, text=True,
                       stdin=stdin, timeout=30, check=False)
    t.check(p.returncode == status, f"hull wasm {' '.join(args)}: status "
            f"{p.returncode}, not {status}: {p.stdout}{p.stderr}")
    return p


def reactor():
    return wasm.build("tests/wasm/cli/exports.c", "-mexec-model=reactor")


def bad():
    return wasm.build("tests/wasm/cli/bad.c", "-O1")


@test("--invoke calls an export and prints what it returns")
def _(t):
    for args, want in {("add", "2", "-3"): "-1", ("add", "0x10", "1"): "17",
                       ("add", "4294967295", "1"): "0",
                       ("wide", "-9223372036854775808"):
                       "-9223372036854775808",
                       ("half", "3"): "1.5", ("single", "0.1"): "0.200000003",
                       ("ready",): "42"}.items():
        p = wasm_hull(t, "run", "--invoke", args[0], reactor(), *args[1:])
        t.equal(p.stdout, want + "\n", " ".join(args))
    t.equal(wasm_hull(t, "run", "--invoke", "say", reactor()).stdout,
            "said\n")
    wasm_hull(t, "run", "--invoke", "leave", reactor(), "7", status=7)


@test("--reactor, as WasmEdge has it")
def _(t):
    p = wasm_hull(t, "run", "--reactor", reactor(), "add", "20", "22")
    t.equal(p.stdout, "42\n")
    t.equal(wasm_hull(t, "run", "--reactor", reactor()).stdout, "")


@test("what cannot be called is one line of an error")
def _(t):
    for args, text in {
            ("--invoke", "none", reactor()): "no function \"none\"",
            ("--invoke", "add", reactor(), "1"): "2 parameters, and 1",
            ("--invoke", "add", reactor(), "1", "x"): "\"x\" is not of type",
            ("--invoke", "add", reactor(), "1", "4294967296"): "not of type",
            ("--invoke", "memory", reactor()): "no function",
            (reactor(),): "no _start",
            ("/nonexistent.wasm",): "/nonexistent.wasm",
            ("/etc/passwd",): "does not begin with \\0asm",
            ("/tmp",): "not a regular file",
            ("--timeout", "soon", reactor()): "--timeout soon",
            ("--max-memory", "much", reactor()): "--max-memory much",
            ("--dir", "/nonexistent", reactor()): "/nonexistent",
    }.items():
        p = wasm_hull(t, "run", *args, status=1)
        t.one_line(p.stderr, text)


@test("text is refused with the commands that convert it")
def _(t):
    for text in ["(module)", ";; a comment\n(module)", "\n  (module)"]:
        with open(t.path("a.wat"), "w") as f:
            f.write(text)
        p = wasm_hull(t, "run", t.path("a.wat"), status=1)
        t.one_line(p.stderr, "wat2wasm", "wasm-tools parse")


@test("a trap ends with 134, its reason and a trace by name")
def _(t):
    for what, text in {"unreachable": "unreachable",
                       "memory": "out of bounds memory access",
                                  "abort": "unreachable"}.items():
        p = wasm_hull(t, "run", bad(), what, status=134)
        t.has(p.stderr, f"trap: {text}\n")
        t.has(p.stderr, "_start")
        if what != "abort":
            t.has(p.stderr, " 0: inner")
    p = wasm_hull(t, "run", bad(), "call", status=134)
    t.has(p.stderr, "trap: ")


@test("endless recursion is a trap, in bounded time and memory")
def _(t):
    start = time.monotonic()
    p = wasm_hull(t, "run", bad(), "recursion", status=134)
    t.has(p.stderr, "call stack exhausted")
    t.has(p.stderr, "... and ")
    t.check(time.monotonic() - start < 5, "it took too long")


@test("--timeout ends a loop, a sleep and a read")
def _(t):
    read, write = os.pipe()
    try:
        for what in ["loop", "sleep", "read-again"]:
            start = time.monotonic()
            p = wasm_hull(t, "run", "--timeout", "200ms", bad(), what,
                          status=124, stdin=read)
            took = time.monotonic() - start
            t.check(0.15 < took < 5, f"{what} took {took} s")
            t.one_line(p.stderr, "ended after 200ms")
    finally:
        os.close(read)
        os.close(write)


@test("--fuel ends a loop")
def _(t):
    p = wasm_hull(t, "run", "--fuel", "1000000", bad(), "loop", status=134)
    t.has(p.stderr, "all fuel consumed")


@test("--max-memory bounds what it can allocate")
def _(t):
    p = wasm_hull(t, "run", "--max-memory", "20M", bad(), "memory-limit")
    t.check(10 <= int(p.stdout) < 20, f"{p.stdout} MiB were allocated")


@test("--dir in every spelling")
def _(t):
    os.makedirs(t.path("d/sub"))
    for i, options in enumerate([
            ["--dir", t.path("d") + "::/"], ["--dir", "/:" + t.path("d")],
            ["--mapdir", "/::" + t.path("d")]]):
        with open(t.path("d/file"), "w") as f:
            f.write("x")
        p = wasm_hull(t, "run", *options,
                      wasm.build("tests/wasm/cli/cat.c"), "/file")
        t.equal(p.stdout, "x", f"spelling {i}")
    # As it is, it is known by the same name.
    p = wasm_hull(t, "run", "--dir", t.path("d"),
                  wasm.build("tests/wasm/cli/cat.c"), t.path("d/file"))
    t.equal(p.stdout, "x")
    for ro in [t.path("d") + "::/:ro", "/:" + t.path("d") + ":readonly"]:
        wasm_hull(t, "run", "--dir", ro, wasm.build("tests/wasm/cli/cat.c"),
                  "/file", "/copy", status=2)
    t.check(not os.path.exists(t.path("d/copy")), "a copy was made")


@test("a module that rewrites its own file goes on as it was validated")
def _(t):
    for byte in ["0", "65", "255"]:
        inside = t.path(f"own{byte}")
        os.makedirs(inside)
        module = shutil.copy(wasm.build("tests/wasm/cli/container.c"), inside)
        with open(f"{inside}/file", "w") as f:
            f.write("still here")
        p = wasm_hull(t, "run", "--dir", f"{inside}::/", module, "rewrite",
                      "/container.wasm", byte)
        t.has(p.stdout, "still here")
        wasm_hull(t, "run", module, status=1)


@test("options behind the module are the module's")
def _(t):
    p = wasm_hull(t, "run", wasm.build("tests/wasm/cli/cat.c"), "--help",
                  status=1)
    t.has(p.stderr, "--help")


@test("a closed pipe is an error for the guest, not a signal")
def _(t):
    read, write = os.pipe()
    os.close(read)
    p = subprocess.run([HULL, "wasm", "run", "--invoke", "say", reactor()],
                       stdout=write, stderr=subprocess.PIPE, timeout=20,
                       check=False)
    os.close(write)
    t.equal((p.returncode, p.stderr), (0, b""))


@test("validate accepts good modules, silently, and names what is bad")
def _(t):
    p = wasm_hull(t, "validate", reactor(), bad())
    t.equal(p.stdout + p.stderr, "")
    with open(bad(), "rb") as f:
        whole = f.read()
    for name, data in {"cut": whole[:1000], "version":
                       whole[:4] + b"\2\0\0\0" + whole[8:],
                       "empty": b""}.items():
        with open(t.path(name), "wb") as f:
            f.write(data)
        p = wasm_hull(t, "validate", t.path(name), status=1)
        t.one_line(p.stderr, t.path(name))
    # (func (result i32) i64.const 0): the wrong type.
    with open(t.path("type"), "wb") as f:
        f.write(b"\0asm\1\0\0\0\1\5\1\x60\0\1\x7f\3\2\1\0\x0a\6\1\4\0\x42\0"
                b"\x0b")
    p = wasm_hull(t, "validate", t.path("type"), reactor(), status=1)
    t.one_line(p.stderr, "function 0", "type mismatch", "i32", "i64")


@test("a missing import is named")
def _(t):
    # (import "env" "f" (func))
    with open(t.path("m"), "wb") as f:
        f.write(b"\0asm\1\0\0\0\1\4\1\x60\0\0\2\x09\1\3env\1f\0\0")
    p = wasm_hull(t, "run", t.path("m"), status=1)
    t.one_line(p.stderr, "import env.f")
    # (import "wasi_snapshot_preview1" "fd_read" (func))
    name = b"wasi_snapshot_preview1"
    body = b"\1" + bytes([len(name)]) + name + b"\7fd_read\0\0"
    with open(t.path("m"), "wb") as f:
        f.write(b"\0asm\1\0\0\0\1\4\1\x60\0\0\2" + bytes([len(body)]) + body)
    p = wasm_hull(t, "run", t.path("m"), status=1)
    t.one_line(p.stderr, "fd_read")


@test("inspect shows sections, imports, exports and features")
def _(t):
    p = wasm_hull(t, "inspect", reactor())
    for text in ["  code\n", "custom \"name\"",
                 "wasi_snapshot_preview1.proc_exit func (i32) -> ()",
                 "  add func (i32, i32) -> (i32)\n", "  memory memory ",
                 "functions: "]:
        t.has(p.stdout, text)
    p = wasm_hull(t, "inspect", wasm.build("tests/wasm/cli/exports.c",
                                           "-mexec-model=reactor",
                                           "-mbulk-memory", "-msimd128",
                                           "-msign-ext", name="simd.wasm"))
    for feature in ["bulk-memory", "simd"]:
        t.has(p.stdout.splitlines()[-1], feature)


@test("disasm lists instructions, and the register code beside them")
def _(t):
    p = wasm_hull(t, "disasm", reactor())
    for text in ["\"add\"", "local.get 0", "i32.add", "  end"]:
        t.has(p.stdout, text)
    number = [line.split()[1] for line in p.stdout.splitlines()
              if line.startswith("function ") and '"add"' in line][0]
    one = wasm_hull(t, "disasm", "--func", number, reactor()).stdout
    t.check(one.count("function ") == 1 and one in p.stdout, one)
    ir = wasm_hull(t, "disasm", "-f", number, "--ir", reactor()).stdout
    t.has(ir, "i32_add")
    p = wasm_hull(t, "disasm", "-f", "99999", reactor(), status=1)
    t.one_line(p.stderr, "99999")


main()
