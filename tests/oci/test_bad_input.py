#!/usr/bin/env python3
"""What nobody should hand to hull: one line each that names the culprit, and
nothing is left behind."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import hull as lib  # noqa: E402
from hull import *  # noqa: E402,F403


def refused(t, b, *words, options=()):
    """create and run both say so, and leave nothing."""
    for verb in ("create", "run"):
        r = t.hull(verb, *options, "--bundle", b.path, t.id(), status=None,
                   fails=True)
        t.one_line(r.stderr, *words)
        t.equal(r.stdout, "")
        t.nothing_left()


@test("a bundle without config.json, and no bundle at all")
def _(t):
    b = t.bundle("true")
    os.unlink(f"{b.path}/config.json")
    refused(t, b, "config.json", b.path)
    os.mkdir(f"{b.path}/config.json")
    refused(t, b, "config.json")
    b.path = t.path("absent")
    refused(t, b, "absent")
    b.path = lib.HULL
    refused(t, b, "Not a directory")


@test("a config.json that was cut anywhere")
def _(t):
    b = t.bundle("true")
    whole = json.dumps(b.spec)
    for n in list(range(0, 60, 7)) + list(range(60, len(whole), 211)):
        b.write(whole[:n])
        r = t.hull("create", "--bundle", b.path, t.id(), fails=True)
        t.one_line(r.stderr, "config.json")
    t.nothing_left()


@test("a config.json that is no JSON, no object, too deep or too long")
def _(t):
    b = t.bundle("true")
    for text in ["null", "[]", "1", '"x"', "\0" * 100, "\xff\xfe{}",
                 '{"a":' * 5000, "[" * 1000000, "{'a': 1}", "{} x",
                 '{"ociVersion": "1.0.0" "x": 1}']:
        b.write(text)
        refused(t, b, "config.json")
    with open(f"{b.path}/config.json", "w") as f:
        f.truncate(1 << 30)
    refused(t, b, "config.json")


# Where, what, and the words of the message.
WRONG = [
    ({"process": 5}, ["process"]),
    ({"process": {"args": "sh"}}, ["process.args"]),
    ({"process": {"args": ["sh", 5]}}, ["process.args[1]"]),
    ({"process": {"args": []}}, ["process.args"]),
    ({"process": {"args": [""]}}, ["executable file not found"]),
    ({"process": {"terminal": "no"}}, ["process.terminal"]),
    ({"process": {"cwd": None}}, ["process.cwd"]),
    ({"process": {"cwd": "tmp"}}, ["process.cwd"]),
    ({"process": {"env": {"A": "b"}}}, ["process.env"]),
    ({"process": {"env": ["A=b\0c"]}}, ["process.env[0]"]),
    ({"process": {"user": {"uid": "0"}}}, ["process.user.uid"]),
    ({"process": {"user": {"uid": -1}}}, ["process.user.uid"]),
    ({"process": {"user": {"uid": 2 ** 32}}}, ["process.user.uid"]),
    ({"process": {"user": {"uid": 1.5}}}, ["process.user.uid"]),
    ({"process": {"user": {"additionalGids": [-1]}}},
     ["process.user.additionalGids[0]"]),
    ({"process": {"capabilities": {"bounding": ["CAP_NONSENSE"]}}},
     ["process.capabilities.bounding[0]", "CAP_NONSENSE"]),
    ({"process": {"rlimits": [{"type": "NOFILE", "soft": 1, "hard": 1}]}},
     ["process.rlimits[0].type"]),
    ({"process": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 2,
                               "hard": 1}]}}, ["process.rlimits[0]"]),
    ({"process": {"oomScoreAdj": 5000}}, ["process.oomScoreAdj"]),
    ({"root": None}, ["root"]),
    ({"root": {"path": None}}, ["root.path"]),
    ({"root": {"path": ""}}, ["root.path"]),
    ({"root": {"path": "/absent"}}, ["root.path", "/absent"]),
    ({"root": {"path": "config.json"}}, ["root.path"]),
    ({"root": {"readonly": 1}}, ["root.readonly"]),
    ({"ociVersion": "2.0.0"}, ["ociVersion", "2.0.0"]),
    ({"ociVersion": "one"}, ["ociVersion", "one"]),
    ({"ociVersion": None}, ["ociVersion"]),
    ({"ociVersion": 1}, ["ociVersion"]),
    ({"hostname": ["x"]}, ["hostname"]),
    ({"hostname": "x" * 65}, ["hostname"]),
    ({"mounts": {}}, ["mounts"]),
    ({"mounts": [{"type": "tmpfs"}]}, ["mounts[0].destination"]),
    ({"mounts": [{"destination": "/x", "type": "tmpfs", "options": "ro"}]},
     ["mounts[0].options"]),
    ({"mounts": [{"destination": "/x", "type": "tmpfs",
                  "options": ["mode=nonsense"]}]}, ["mounts[0]"]),
    ({"linux": {"namespaces": [{"type": "mount"}, {"type": "mount"}]}},
     ["linux.namespaces[1]"]),
    ({"hostname": None,
      "linux": {"namespaces": [{"type": "mount"}, {"type": "pid",
                                                   "path": "/etc"}]}},
     ["linux.namespaces[1].path"]),
    ({"hostname": None, "linux": {"namespaces": []}},
     ["linux.namespaces", "mount namespace"]),
    ({"linux": {"uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}},
     ["linux.gidMappings"]),
    ({"linux": {"devices": [{"path": "/dev/x", "type": "z", "major": 1,
                             "minor": 3}]}}, ["linux.devices[0].type"]),
    ({"linux": {"devices": [{"path": "x", "type": "c", "major": 1,
                             "minor": 3}]}}, ["linux.devices[0].path"]),
    ({"linux": {"sysctl": {"vm.swappiness": "1"}}}, ["vm.swappiness"]),
    ({"linux": {"sysctl": {"../../kernel/core_pattern": "x"}}},
     ["linux.sysctl"]),
    ({"linux": {"rootfsPropagation": "sideways"}},
     ["linux.rootfsPropagation", "sideways"]),
    ({"linux": {"resources": {"memory": {"limit": "64M"}}}},
     ["linux.resources.memory.limit"]),
    ({"linux": {"resources": {"memory": {"limit": 2 ** 70}}}},
     ["linux.resources.memory.limit"]),
    ({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": "reboot", "action": "SCMP_ACT_ERRNO"}]}}},
     ["linux.seccomp.syscalls[0].names"]),
    ({"hooks": {"prestart": [{"path": "relative"}]}},
     ["hooks.prestart[0].path"]),
    ({"hooks": {"prestart": [{"path": "/absent/hook"}]}}, ["/absent/hook"]),
    ({"annotations": {"a": 5}}, ['annotations["a"]']),
]


@test("fields of the wrong type or with a value that cannot be")
def _(t):
    need_root()
    b = t.bundle("true")
    good = json.dumps(b.spec)
    for changes, words in WRONG:
        b.spec = json.loads(good)
        b.change(changes)
        # A file: whoever was created all the same would hold a pipe open.
        with open(t.path("stderr"), "w+") as f:
            r = t.hull("create", "--bundle", b.path, t.id(), status=None,
                       stdout=f, stderr=f)
            f.seek(0)
            said = f.read()
        t.check(r.status != 0, f"{changes} is taken")
        t.one_line(said, *words)
        t.nothing_left()


@test("fields that nobody knows are ignored, on each level")
def _(t):
    need_root()
    odd = {"x-new": {"a": [1, {"b": None}]}}
    b = t.bundle("echo fine", {**odd, "process": {**odd, "user": odd},
                               "root": odd, "linux": {**odd,
                                                      "resources": odd}})
    for m in b.spec["mounts"]:
        m.update(odd)
    b.write()
    t.equal(t.run(b).stdout, "fine\n")


@test("later versions of the same major are taken")
def _(t):
    need_root()
    for version in ["1.0.0", "1.0.0-rc5", "1.2.1", "1.99.0", "1.3.0+dev"]:
        t.equal(t.run(t.bundle("echo fine", {"ociVersion": version})).stdout,
                "fine\n", version)


@test("ids with a slash, dots, nothing, or too much in them")
def _(t):
    b = t.bundle("true")
    for bad in ["a/b", "../x", "/", ".", "..", "", "a b", "a\n", "é",
                "a" * 256, "x\x1b[31m"]:
        for verb in (["create", "--bundle", b.path], ["state"], ["delete"],
                     ["start"], ["kill"], ["delete", "--force"]):
            r = t.hull(*verb, bad, fails=True)
            t.one_line(r.stderr)
            t.check("\x1b" not in r.stderr, f"raw: {r.stderr!r}")
    t.check(not os.path.exists(t.root) or not os.listdir(t.root), "made")


@test("files that options name, and that are not there")
def _(t):
    need_root()
    b = t.bundle("true")
    refused(t, b, "--pid-file", options=["--pid-file", t.path("no/pid")])
    refused(t, b, "--pidfd-socket",
            options=["--pidfd-socket", t.path("no/socket")])
    refused(t, b, "--preserve-fds", options=["--preserve-fds", "-1"])
    refused(t, b, "--preserve-fds", options=["--preserve-fds", "1k"])
    b.change({"process": {"terminal": True}})
    r = t.hull("create", "--bundle", b.path, "--console-socket",
               t.path("no/socket"), t.id(), fails=True)
    t.one_line(r.stderr, "console socket", t.path("no/socket"))
    t.nothing_left()
    c = t.running("sleep 100")
    for args in (["exec", "--process", t.path("no"), c],
                 ["update", "--resources", t.path("no"), c]):
        t.one_line(t.hull(*args, fails=True).stderr, t.path("no"))
    r = t.hull("update", "--resources", "-", c, input="{", fails=True)
    t.one_line(r.stderr)


@test("logs that cannot be written, state roots that cannot be made")
def _(t):
    b = t.bundle("true")
    r = t.hull("--log", t.path("no/log"), "run", "--bundle", b.path, t.id(),
               fails=True)
    t.one_line(r.stderr, "--log", t.path("no/log"))
    for root, word in [(lib.HULL, "root directory"),
                       (lib.HULL + "/x", "root directory"),
                       ("/proc/hull", "root directory")]:
        r = t.hull("--root", root, "run", "--bundle", b.path, t.id(),
                   fails=True)
        t.one_line(r.stderr, word, root)


# In a mount namespace of its own: $1 is a directory, $2 hull.
FULL_DISK = r"""
set -e
mount --make-rprivate /
mount -o remount,bind,ro /
mount -t tmpfs -o size=$3 full "$1/full"
"""


def on_full_disk(t, size, script, *args):
    os.makedirs(t.path("full"), exist_ok=True)
    # What is mounted there goes with the namespace.
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", FULL_DISK + script, "sh", t.dir,
         lib.HULL, size, *args], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=60)


@test("a state root on a full disk")
def _(t):
    need_root()
    b = t.bundle("true")
    c = t.id()
    r = on_full_disk(t, "64k", """
        head -c 200000 /dev/zero >"$1/full/fill" 2>/dev/null || true
        s=0
        "$2" --root "$1/full/state" create --bundle "$4" "$5" || s=$?
        rm "$1/full/fill"
        "$2" --root "$1/full/state" delete --force "$5"
        [ -z "$(ls "$1/full/state" 2>/dev/null)" ] || echo left
        exit $s""", b.path, c)
    t.equal(r.returncode, 1)
    t.one_line(r.stderr, "No space left on device")
    t.equal(r.stdout, "")


@test("a disk that is full at some point of create, wherever that is")
def _(t):
    need_root()
    b = t.bundle("true")
    c = t.id()
    r = on_full_disk(t, "32k", """
        n=0
        while [ $n -le 32768 ]; do
            rm -rf "$1/full/state" "$1/full/fill"
            head -c $n /dev/zero >"$1/full/fill" 2>/dev/null || true
            s=0
            "$2" --root "$1/full/state" create --bundle "$4" \\
                --pid-file "$1/full/pid" "$5" 2>"$1/full/err" || s=$?
            echo "$n $s $(cat "$1/full/err")"
            rm -f "$1/full/fill" "$1/full/pid"
            "$2" --root "$1/full/state" delete --force "$5"
            [ -z "$(ls "$1/full/state" 2>/dev/null)" ] || echo REMAINS
            n=$((n + 4096))
        done""", b.path, c)
    t.equal(r.stderr, "")
    t.check("REMAINS" not in r.stdout, r.stdout)
    states = {x.split()[1] for x in r.stdout.splitlines()}
    t.equal(states, {"0", "1"}, "the exit statuses")


@test("a log on a full disk does not keep a container from running")
def _(t):
    need_root()
    b = t.bundle("exit 3")
    t.hull("--debug", "--log", "/dev/full", "run", "--bundle", b.path,
           t.id(), status=3)
    r = t.hull("--log", "/dev/full", "--log-format", "json", "run",
               "--bundle", t.path("absent"), t.id(), fails=True)
    t.one_line(r.stderr, "absent")


@test("a read-only root of the host, with the state somewhere else")
def _(t):
    need_root()
    b = t.bundle("echo fine")
    r = on_full_disk(t, "1m", """
        "$2" --root /nowhere/state run --bundle "$4" "$5" && exit 9
        "$2" --root "$1/full/state" run --bundle "$4" "$5" """,
                     b.path, t.id())
    t.equal(r.stdout, "fine\n")
    t.one_line(r.stderr, "/nowhere/state", "Read-only file system")


main()
