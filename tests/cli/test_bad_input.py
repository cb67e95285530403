#!/usr/bin/env python3
"""Bundles and hosts that are not as they should be: one line that names the
thing, a status other than 0, and nothing left behind."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403


def refused(t, bundle, *parts, verbs=("create", "run"), prefix=()):
    """Both verbs fail with one line, and no trace of the container."""
    for verb in verbs:
        name = t.id()
        r = t.hull(verb, "--bundle", bundle.path, name, status=1,
                   prefix=prefix)
        t.one_line(r.stderr, *parts)
        t.nothing_left()
        for mount in set(cgroup_mounts().values()):
            left = os.path.join(mount, name)
            t.check(not os.path.exists(left), f"{left} is left")


def mounted(t, what):
    """A prefix: a mount namespace of its own with `what` done before."""
    need_root()
    return ["unshare", "-m", "sh", "-ec", what + '; exec "$0" "$@"']


@test("no config.json, and no bundle")
def _(t):
    b = t.bundle("true")
    os.unlink(os.path.join(b.path, "config.json"))
    refused(t, b, "config.json", "No such file")
    shutil.rmtree(b.path)
    refused(t, b, b.path, "No such file")


@test("config.json that ends too early, at every length")
def _(t):
    b = t.bundle("true")
    text = json.dumps(b.spec)
    for n in [0, 1, len(text) // 3, len(text) // 2, len(text) - 1]:
        b.write(text[:n])
        refused(t, b, "config.json", verbs=["create"])


@test("config.json that is not JSON, a directory, or huge")
def _(t):
    b = t.bundle("true")
    b.write("hello")
    refused(t, b, "config.json", "line 1")
    b.write('{"ociVersion": "1.0.0",}')
    refused(t, b, "config.json", "line 1, column")
    b.write("[" * 100000)
    refused(t, b, "config.json")
    config = os.path.join(b.path, "config.json")
    os.unlink(config)
    os.mkdir(config)
    refused(t, b, "config.json")
    os.rmdir(config)
    with open(config, "w") as f:
        f.truncate(1 << 30)
    refused(t, b, "config.json")
    os.unlink(config)
    os.symlink("/dev/zero", config)
    refused(t, b, "config.json")


@test("a field of the wrong type is named by its path")
def _(t):
    for changes, part in [
            ({"process": {"args": "sh"}}, "process.args"),
            ({"process": {"args": [1]}}, "process.args[0]"),
            ({"process": {"args": []}}, "process.args"),
            ({"process": {"user": {"uid": -1}}}, "process.user.uid"),
            ({"process": {"user": {"uid": 4294967296}}},
             "process.user.uid"),
            ({"process": {"cwd": "relative"}}, "process.cwd"),
            ({"process": {"terminal": "yes"}}, "process.terminal"),
            ({"process": {"capabilities": {"bounding": ["CAP_FOO"]}}},
             'process.capabilities.bounding[0]: unknown capability '
             '"CAP_FOO"'),
            ({"process": {"rlimits": [{"type": "RLIMIT_FOO", "hard": 1,
                                       "soft": 1}]}}, "process.rlimits[0]"),
            ({"root": None}, "root"),
            ({"root": {"path": 1}}, "root.path"),
            ({"mounts": [{"destination": 3}]}, "mounts[0].destination"),
            ({"mounts": {"a": 1}}, "mounts"),
            ({"linux": {"namespaces": [{"type": "moon"}]}},
             "linux.namespaces[0].type"),
            ({"linux": {"namespaces": [{"type": "pid"},
                                       {"type": "pid"}]}},
             "linux.namespaces"),
            ({"linux": {"resources": {"memory": {"limit": "1G"}}}},
             "linux.resources.memory.limit"),
            ({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_FOO"}}},
             "linux.seccomp.defaultAction"),
            ({"hooks": {"poststop": [{"path": "relative"}]}},
             "hooks.poststop[0].path"),
            ({"annotations": {"a": 1}}, "annotations")]:
        refused(t, t.bundle(changes=changes, rootfs=False), part,
                verbs=["create"])


@test("process may not be missing")
def _(t):
    refused(t, t.bundle(changes={"process": None}), "process",
            verbs=["create"])


@test("unknown fields are ignored")
def _(t):
    b = t.bundle("exit 3", {"future": {"a": [1, {"b": None}]},
                            "process": {"mood": "good"},
                            "linux": {"moon": True}})
    t.run(b, status=3)


@test("ociVersion: what we know, and what we cannot know")
def _(t):
    for version in ["1.0.0", "1.0.2-dev", "1.2.1", "1.3.0", "1.9.0"]:
        t.run(t.bundle("true", {"ociVersion": version}))
    for version in ["2.0.0", "0.9.0", "new", "", "1", None]:
        refused(t, t.bundle("true", {"ociVersion": version}, rootfs=False),
                "ociVersion", verbs=["create"])


@test("a rootfs that is not there, or not a directory")
def _(t):
    b = t.bundle("true", rootfs=False)
    refused(t, b, b.rootfs, "No such file")
    with open(b.rootfs, "w"):
        pass
    refused(t, b, b.rootfs, "Not a directory")


@test("ids that would lead elsewhere or cannot be a name")
def _(t):
    b = t.bundle("true")
    for name in ["a/b", "..", ".", "../x", "/", "", "a b", "a\nb", "ä",
                 "x" * 1025, "\x1b[2J"]:
        for argv in [["create", "--bundle", b.path, name],
                     ["run", "--bundle", b.path, name],
                     ["state", name], ["start", name], ["kill", name],
                     ["delete", name], ["delete", "--force", name],
                     ["pause", name], ["exec", name, "true"], ["ps", name]]:
            r = t.hull(*argv, status=None)
            t.check(r.status not in (0, 2), f"{argv} succeeded")
            t.check(r.stderr.startswith("hull: ") and
                    r.stderr.count("\n") == 1 and "\x1b" not in r.stderr,
                    f"{argv}: not one line: {r.stderr!r}")
    t.nothing_left()


@test("a container that is not there")
def _(t):
    for argv in [["state"], ["start"], ["kill"], ["delete"], ["pause"],
                 ["resume"], ["ps"], ["update", "--memory", "1G"],
                 ["events", "--stats"]]:
        r = t.hull(argv[0], *argv[1:], "nobody", status=1)
        t.one_line(r.stderr, "nobody", "does not exist")
    r = t.hull("exec", "nobody", "true", status=None)
    t.check(r.status in (1, 255), f"exec: exit status {r.status}")
    t.one_line(r.stderr, "nobody", "does not exist")
    t.hull("delete", "--force", "nobody")


@test("a state root that cannot be written to, or is a file")
def _(t):
    b = t.bundle("true")
    place = t.path("ro")
    os.mkdir(place)
    prefix = mounted(t, f"mount -t tmpfs -o ro none {place}")
    for root in [place + "/state", "/proc/state"]:
        r = t.hull("--root", root, "run", "-b", b.path, t.id(), status=1,
                   prefix=prefix)
        t.one_line(r.stderr, root)
    with open(t.path("file"), "w"):
        pass
    r = t.hull("--root", t.path("file"), "run", "-b", b.path, t.id(),
               status=1)
    t.one_line(r.stderr, t.path("file"))


@test("a state root on a disk that is full")
def _(t):
    b = t.bundle("true")
    place = t.path("full")
    os.mkdir(place)
    prefix = mounted(t, f"mount -t tmpfs -o size=4k none {place}; "
                        f"cat /dev/zero >{place}/fill 2>/dev/null || true")
    name = t.id()
    script = '"$0" "$@"; s=$?; ls ' + place + '/state >&2 2>/dev/null; ' \
             'exit $s'
    r = t.hull("--root", place + "/state", "run", "-b", b.path, name,
               status=1, prefix=[*prefix, "sh", "-c", script])
    t.one_line(r.stderr, "No space left")


@test("a bundle on a disk that is full")
def _(t):
    b = t.bundle("true", {"mounts": [{
        "destination": "/a/new/place", "type": "tmpfs",
        "source": "tmpfs"}], "root": {"readonly": False}})
    place = t.path("disk")
    os.mkdir(place)
    prefix = mounted(t, f"mount -t tmpfs -o nr_inodes=600 none {place}; "
                        f"cp -a {b.path}/. {place}; i=0; "
                        f"while touch {place}/$i 2>/dev/null; do "
                        "i=$((i + 1)); done")
    name = t.id()
    r = t.hull("run", "-b", place, name, status=1, prefix=prefix)
    t.one_line(r.stderr, "/a", "No space left")
    t.nothing_left()


@test("a pid file that cannot be written undoes the container")
def _(t):
    b = t.bundle("true")
    r = t.hull("create", "-b", b.path, "--pid-file", "/not/there/pid",
               t.id(), status=1)
    t.one_line(r.stderr, "/not/there/pid", "No such file")
    t.nothing_left()


@test("a console socket that is not there, or not asked for")
def _(t):
    b = t.bundle("true", {"process": {"terminal": True}})
    r = t.hull("create", "-b", b.path, "--console-socket", "/not/there/s",
               t.id(), status=1)
    t.one_line(r.stderr, "/not/there/s")
    t.nothing_left()


@test("resources of update that are no JSON, or no numbers")
def _(t):
    need_root()
    name = t.running("sleep 100")
    for text, part in [("", "-"), ("{", "-"),
                       ('{"memory": {"limit": "x"}}', "memory.limit"),
                       ('{"cpu": {"shares": -5}}', "cpu.shares"),
                       ('[]', "-")]:
        r = t.hull("update", "--resources", "-", name, input=text, status=1)
        t.one_line(r.stderr, "--resources -", part)
    r = t.hull("update", "--resources", "/not/there", name, status=1)
    t.one_line(r.stderr, "--resources /not/there")
    for option in ["--memory", "--cpu-quota", "--pids-limit", "--cpu-share",
                   "--blkio-weight", "--cpu-idle"]:
        for value in ["", "x", "1x1", " 1", "1e3"]:
            r = t.hull("update", option, value, name, status=1)
            t.one_line(r.stderr, option)
    t.equal(t.state(name)["status"], "running", "the container")


@test("a process document of exec that is wrong is named by its path")
def _(t):
    name = t.running("sleep 100")
    process = t.path("process.json")
    for document, part in [({"args": []}, "args"),
                           ({"args": ["true"], "cwd": "x"}, "cwd"),
                           ({"args": ["true"], "cwd": "/",
                             "user": {"uid": "root"}}, "user.uid")]:
        with open(process, "w") as f:
            json.dump(document, f)
        r = t.hull("exec", "--process", process, name, status=None)
        t.check(r.status not in (0, 126, 127), f"status {r.status}")
        t.one_line(r.stderr, part)
    r = t.hull("exec", "--process", "/not/there", name, status=None)
    t.one_line(r.stderr, "/not/there")
    for user in ["root", "1:", ":1", "-1", "1:1:1", "4294967295", "0x1",
                 " 1", "1 "]:
        r = t.hull("exec", "--user", user, name, "true", status=None)
        t.check(r.status != 0, f"--user {user} was taken")
        t.one_line(r.stderr, "--user")


@test("unknown signals")
def _(t):
    name = t.running("sleep 100")
    for signal_ in ["FOO", "0x9", "65", "999", "SIG", ""]:
        r = t.hull("kill", name, signal_, status=1)
        t.one_line(r.stderr, "signal")
    t.equal(t.state(name)["status"], "running", "the container")


main()
