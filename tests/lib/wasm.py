"""What the WebAssembly tests share: building guests.

clang and wasi-libc come from Debian's packages (./dev setup).  What is built
is kept in build/wasm-guests, and made again when its source is newer.
"""
import glob
import os
import shutil
import subprocess

from hull import HULL, TOP, Failure, skip

GUESTS = os.path.join(os.path.dirname(os.path.dirname(HULL)), "wasm-guests")


def find_clang():
    """A clang with its wasm linker and run-time library, or a skip."""
    for version in ["-19", "-18", "-17", "-16", ""]:
        clang = shutil.which("clang" + version)
        ld = shutil.which("wasm-ld" + version)
        if not clang or not ld:
            continue
        found = subprocess.run([clang, "-print-resource-dir"],
                               capture_output=True, text=True, check=True)
        if glob.glob(found.stdout.strip() + "/lib/wasi/libclang_rt*"):
            return clang, ld
    skip("wasi-libc", "no clang for wasm32-wasi (packages clang-19 lld-19 "
         "libclang-rt-19-dev-wasm32)")
    return None


def need_wasi_libc():
    if not os.path.exists("/usr/include/wasm32-wasi/wasi/api.h"):
        skip("wasi-libc", "no wasi-libc (package wasi-libc)")


def build(source, *flags, name=None):
    """The path of the module that the C file becomes."""
    need_wasi_libc()
    clang, ld = find_clang()
    source = os.path.join(TOP, source)
    out = os.path.join(GUESTS, name or
                       os.path.basename(source).removesuffix(".c") + ".wasm")
    inputs = [source, *glob.glob(os.path.dirname(source) + "/*.h")]
    if os.path.exists(out) and all(
            os.path.getmtime(out) > os.path.getmtime(i) for i in inputs):
        return out
    os.makedirs(GUESTS, exist_ok=True)
    r = subprocess.run(
        [clang, "--target=wasm32-wasi", "-O2", "-Wall",
         "-Wno-unused-function", f"-fuse-ld={ld}", *flags, source, "-o",
         out + ".new"], capture_output=True, text=True, check=False)
    if r.returncode:
        raise Failure(f"clang {source}: {r.stderr}")
    os.rename(out + ".new", out)
    return out


def build_rust(source):
    """The same with rustc: one that has the target, Debian's or rustup's."""
    source = os.path.join(TOP, source)
    out = os.path.join(GUESTS,
                       os.path.basename(source).removesuffix(".rs") + ".wasm")
    if os.path.exists(out) and \
            os.path.getmtime(out) > os.path.getmtime(source):
        return out
    os.makedirs(GUESTS, exist_ok=True)
    reasons = []
    for rustc in ["/usr/bin/rustc", "rustc"]:
        if not shutil.which(rustc):
            continue
        for target in ["wasm32-wasip1", "wasm32-wasi"]:
            r = subprocess.run(
                [rustc, "--target", target, "-O", f"-Clinker={find_clang()[1]}",
                 "-Clink-arg=--no-fatal-warnings",
                 source, "-o", out],
                capture_output=True, text=True, check=False)
            if r.returncode == 0:
                return out
            reasons.append(r.stderr.strip().splitlines()[0])
    said = "; ".join(reasons) or "it is not installed"
    skip("rust", f"no rustc for wasm32-wasi: {said} (packages rustc "
         "libstd-rust-dev-wasm32)")
    return None
