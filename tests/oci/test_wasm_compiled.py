#!/usr/bin/env python3
"""Containers whose module runs as machine code from the cache.
# timeout: 300
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
from hull import *  # noqa: E402,F403
from hull import HULL, TOP, main, need_root, skip, test  # noqa: E402
import wasm  # noqa: E402

BUILD = os.path.dirname(os.path.dirname(HULL))
COMPILER = os.path.join(BUILD, "bin", "hull-wasmc")
FAKE = os.path.join(BUILD, "tests", "wasm", "fake-wasmc")
USERNS = {"linux": {
    "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
    "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}]}}

# Of the program, not of a test: a module is compiled once.
CACHE = tempfile.mkdtemp(prefix="hull-cache-")


def need_compiler():
    need_root()
    if not os.path.exists(COMPILER):
        skip("llvm", "this build has no hull-wasmc")


def set_env(t, policy, cache=CACHE, compiler=COMPILER):
    for name, value in [("HULL_WASM_COMPILE", policy),
                        ("HULL_CACHE_DIR", cache), ("HULL_WASMC", compiler)]:
        before = os.environ.get(name)
        t.undo(lambda n=name, b=before: os.environ.pop(n, None) if b is None
               else os.environ.update({n: b}))
        os.environ[name] = value


def bundle(t, *args, changes=None, policy="require", **kw):
    need_compiler()
    set_env(t, policy, **kw)
    b = t.bundle(changes=changes)
    shutil.copy(wasm.build("tests/wasm/cli/container.c"),
                b.rootfs + "/app.wasm")
    return b.change({"process": {"args": ["/app.wasm", *args]}})


def image_inodes(cache=CACHE):
    folder = cache + "/images"
    if not os.path.isdir(folder):
        return set()
    return {os.stat(os.path.join(folder, n)).st_ino
            for n in os.listdir(folder)}


def maps_image(maps, cache=CACHE):
    """Is a file of the cache mapped to be executed?"""
    return any(line.split()[1].startswith("r-x") and
               int(line.split()[4]) in image_inodes(cache)
               for line in maps.splitlines())


def jobs(t):
    """hull-compile processes of this test that have not ended."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f, \
                    open(f"/proc/{pid}/environ") as env:
                text = f.read()
                if "(hull-compile) " in text and ") Z" not in text and \
                        f"HULL_CACHE_DIR={t.dir}/" in env.read():
                    found.append(int(pid))
        except (OSError, UnicodeDecodeError):
            pass
    return found


def all_done(t):
    t.wait_until(lambda: not jobs(t), "nobody compiles", 60)


@test("the first start interprets, later ones run the image")
def _(t):
    cache = t.path("cache")
    b = bundle(t, "cat", "/proc/self/maps", policy="background", cache=cache)
    name = t.id()
    r = t.hull("--debug", "run", "--bundle", b.path, name)
    t.has(r.stderr, "interpreted: it is being compiled")
    t.check(not maps_image(r.stdout, cache), "an image out of nowhere")
    all_done(t)
    r = t.hull("--debug", "run", "--bundle", b.path, t.id())
    t.check("interpreted" not in r.stderr, r.stderr)
    t.check(maps_image(r.stdout, cache), r.stdout)
    # Another container with the same module.
    shutil.copytree(b.rootfs, t.path("rootfs2"), symlinks=True)
    b.change({"root": {"path": t.path("rootfs2")}})
    t.check(maps_image(t.run(b).stdout, cache), "another container's is not")


@test("the annotation says when, and never and nonsense are understood")
def _(t):
    b = bundle(t, "cat", "/proc/self/maps", policy="never", changes={
        "annotations": {"dev.hull.wasm.compile": "require"}})
    t.check(maps_image(t.run(b).stdout), "it was interpreted")
    set_env(t, "require")
    b.change({"annotations": {"dev.hull.wasm.compile": "never"}})
    t.check(not maps_image(t.run(b).stdout), "it was compiled")
    b.change({"annotations": {"dev.hull.wasm.compile": "soon"}})
    t.one_line(t.hull("create", "--bundle", b.path, t.id(),
                      fails=True).stderr, "dev.hull.wasm.compile", "soon")
    t.nothing_left()


@test("without a compiler: interpreted, or an error where code is required")
def _(t):
    for policy in ["background", "first-run"]:
        b = bundle(t, "args", policy=policy, cache=t.path("cache"),
                   compiler="/nonexistent")
        r = t.hull("--debug", "run", "--bundle", b.path, t.id())
        t.has(r.stderr, "interpreted: HULL_WASMC: /nonexistent")
        t.equal(r.stdout, "/app.wasm\nargs\n")
    b = bundle(t, "args", cache=t.path("cache"), compiler="/nonexistent")
    r = t.hull("create", "--bundle", b.path, t.id(), fails=True)
    t.one_line(r.stderr, "required", "/nonexistent")
    t.nothing_left()


@test("any user, a user namespace, and a read-only root make no difference")
def _(t):
    for changes in [{"process": {"user": {"uid": 1000, "gid": 1000}}},
                    {"root": {"readonly": True}}, USERNS]:
        b = bundle(t, "cat", "/proc/self/maps", changes=changes)
        if changes is USERNS:
            subprocess.run(["chown", "-R", "100000:100000", b.rootfs],
                           check=True)
            b.spec["linux"]["namespaces"].append({"type": "user"})
            b.write()
            for path in [t.dir, b.path]:
                os.chmod(path, 0o755)
        t.check(maps_image(t.run(b).stdout), str(changes))


@test("the compiler is outside of the container's cgroup and outlives it")
def _(t):
    need_root()
    b = bundle(t, "args", policy="background", cache=t.path("cache"),
               compiler=FAKE)
    with open(b.rootfs + "/app.wasm", "ab") as f:
        f.write(b"\0\x09\4fakeslow")
    t.equal(t.run(b).stdout, "/app.wasm\nargs\n")
    t.nothing_left()
    found = jobs(t)
    t.check(found, "no compiler is there")
    with open(f"/proc/{found[0]}/cgroup") as f, \
            open("/proc/self/cgroup") as own:
        t.equal(f.read(), own.read())
    t.equal(os.getsid(found[0]) == os.getsid(0), False, "our session")
    for fd in "012":
        t.equal(os.readlink(f"/proc/{found[0]}/fd/{fd}"), "/dev/null")
    all_done(t)


@test("an image in the rootfs is no program")
def _(t):
    b = bundle(t, "args")
    subprocess.run([COMPILER, "-o", b.rootfs + "/app.aot",
                    b.rootfs + "/app.wasm"], check=True)
    b.change({"process": {"args": ["/app.aot"]},
              "annotations": {"dev.hull.sandbox": "wasm"}})
    t.one_line(t.hull("create", "--bundle", b.path, t.id(),
                      fails=True).stderr, "not a WebAssembly module")
    t.nothing_left()


@test("code is for the module that runs: one mounted over it is interpreted")
def _(t):
    b = bundle(t, "args", policy="first-run")
    t.equal(t.run(b).stdout, "/app.wasm\nargs\n")
    shutil.copy(wasm.build("tests/wasm/cli/exports.c", "-mexec-model=reactor"),
                t.path("other.wasm"))
    b.spec["mounts"].append({"destination": "/app.wasm", "type": "bind",
                             "source": t.path("other.wasm"),
                             "options": ["bind", "ro"]})
    b.write()
    r = t.run(b, status=None)
    t.has(r.stderr, "_start")
    t.check("args" not in r.stdout, "what lies below the mount was run")
    set_env(t, "require")
    r = t.hull("create", "--bundle", b.path, t.id(), fails=True)
    t.one_line(r.stderr, "required", "not the file that hull saw")
    t.nothing_left()


@test("nobody who looks into init can write to the image")
def _(t):
    name = t.created(bundle(t, "sleep"))
    pid = t.state(name)["pid"]
    opened = 0
    for kind in ["fd", "map_files"]:
        folder = f"/proc/{pid}/{kind}"
        for entry in os.listdir(folder):
            path = f"{folder}/{entry}"
            try:
                if os.stat(path).st_ino not in image_inodes():
                    continue
            except OSError:
                continue
            opened += 1
            try:
                os.close(os.open(path, os.O_RDWR))
            except OSError as e:
                t.equal(os.strerror(e.errno), "Read-only file system", path)
            else:
                t.check(False, f"{path} can be written to")
    t.check(opened, "the image is not there")
    t.hull("delete", "--force", name)


@test("exec runs compiled code, too")
def _(t):
    name = t.running(bundle(t, "sleep"))
    r = t.hull("exec", name, "/app.wasm", "cat", "/proc/self/maps")
    t.check(maps_image(r.stdout), r.stdout)
    t.hull("delete", "--force", name)


@test("an ordinary user's containers run code from their own cache")
def _(t):
    b = bundle(t, "cat", "/proc/self/maps")
    for base, dirs, files in os.walk(t.dir):
        for name in dirs + files:
            os.lchown(os.path.join(base, name), 65534, 65534)
    os.chown(t.dir, 65534, 65534)
    how = {"user": 65534, "group": 65534, "extra_groups": [], "env": {
        "PATH": os.environ["PATH"], "HOME": t.dir, "HULL_WASMC": COMPILER,
        "HULL_WASM_COMPILE": "require"}}
    if subprocess.run(["unshare", "-U", "true"], user=65534, group=65534,
                      check=False).returncode:
        skip("userns", "an ordinary user may not make a user namespace")
    mine = t.path(".cache/hull/wasm")
    t.check(maps_image(t.run(b, **how).stdout, mine), "it was interpreted")


@test("all that a module sees of its container is the same when compiled")
def _(t):
    need_compiler()
    env = {**os.environ, "HULL_WASM_COMPILE": "first-run",
           "HULL_CACHE_DIR": CACHE, "HULL_WASMC": COMPILER}
    p = subprocess.run(
        [sys.executable, TOP + "/tests/oci/test_wasm_sandbox.py"], env=env,
        capture_output=True, text=True, timeout=200, check=False)
    failed = [line for line in p.stdout.splitlines() if
              line.startswith("not ok")]
    t.check(p.returncode == 0 and not failed, p.stdout)
    t.check(p.stdout.count("\nok ") > 15, p.stdout)


try:
    main()
finally:
    shutil.rmtree(CACHE, ignore_errors=True)
