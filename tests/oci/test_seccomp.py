#!/usr/bin/env python3
"""linux.seccomp: every action, arguments, and what is newer than a profile."""
import array
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403

TOP_DATA = os.path.join(TOP, "tests", "data")


def profile(default, *rules, **more):
    return {"linux": {"seccomp": {"defaultAction": default, "syscalls": [
        dict({"names": names, "action": action}, **extra)
        for names, action, extra in rules], **more}}}


MKDIR = ["mkdir", "mkdirat"]


@test("ERRNO with its number, and the default EPERM")
def _(t):
    need_root()
    b = t.bundle("mkdir /tmp/x", profile(
        "SCMP_ACT_ALLOW", (MKDIR, "SCMP_ACT_ERRNO", {"errnoRet": 28})))
    t.has(t.run(b, status=1).stderr, "No space left")
    b = t.bundle("mkdir /tmp/x", profile(
        "SCMP_ACT_ALLOW", (MKDIR, "SCMP_ACT_ERRNO", {})))
    t.has(t.run(b, status=1).stderr, "Operation not permitted")


@test("KILL ends the process with SIGSYS")
def _(t):
    need_root()
    for action in ["SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
                   "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"]:
        b = t.bundle("mkdir /tmp/x; echo $?", profile(
            "SCMP_ACT_ALLOW", (MKDIR, action, {})))
        t.equal(t.run(b).stdout, "159\n", action)


@test("LOG allows, a default of ERRNO denies what is not named")
def _(t):
    need_root()
    b = t.bundle("mkdir /dev/shm/x && echo made", profile(
        "SCMP_ACT_ALLOW", (MKDIR, "SCMP_ACT_LOG", {})))
    t.equal(t.run(b).stdout, "made\n")


@test("arguments are compared")
def _(t):
    need_root()
    # kill(0, 0) is refused, kill(0, SIGCHLD) is not.
    b = t.bundle("kill -0 $$ || echo refused; kill -17 $$ && echo sent",
                 profile("SCMP_ACT_ALLOW", (
                     ["kill"], "SCMP_ACT_ERRNO",
                     {"args": [{"index": 1, "value": 0,
                                "op": "SCMP_CMP_EQ"}]})))
    t.equal(t.run(b).stdout, "refused\nsent\n")


@test("unknown names are skipped, unknown words are named")
def _(t):
    need_root()
    b = t.bundle("echo ok", profile(
        "SCMP_ACT_ALLOW", (["no_such_call"] + MKDIR, "SCMP_ACT_ERRNO", {})))
    t.equal(t.run(b).stdout, "ok\n")
    b = t.bundle("true", profile("SCMP_ACT_ALLOW", (MKDIR, "SCMP_ACT_X", {})))
    t.one_line(t.run(b, status=1).stderr, "linux.seccomp.syscalls[0].action",
               "SCMP_ACT_X")


@test("Docker's profile, compiled and from the cache, is the same")
def _(t):
    need_root()
    with open(os.path.join(TOP_DATA, "docker-config.json")) as f:
        docker = json.load(f)
    b = t.bundle("grep Seccomp: /proc/self/status; "
                 "mount -t tmpfs x /tmp; unshare -U true; echo $?",
                 {"linux": {"seccomp": docker["linux"]["seccomp"]},
                  "process": {"noNewPrivileges": False}})
    first = t.run(b)
    for _ in range(3):
        again = t.run(b)
        t.equal((again.stdout, again.stderr), (first.stdout, first.stderr))
    t.has(first.stdout, "Seccomp:\t2")
    t.has(first.stdout, "1\n")
    b.change({"process": {"noNewPrivileges": True}})
    t.equal(t.run(b).stdout, first.stdout)


@test("without no_new_privs the filter does not cost the capabilities")
def _(t):
    need_root()
    b = t.bundle("grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status", {
        **profile("SCMP_ACT_ALLOW", (MKDIR, "SCMP_ACT_ERRNO", {})),
        "process": {"noNewPrivileges": False, "capabilities": {
            k: ["CAP_KILL"] for k in ["bounding", "effective", "permitted"]}}})
    for line in t.run(b).lines:
        t.equal(int(line.split()[1], 16), 1 << 5, line)


@test("NOTIFY hands the listener to the agent, with the state")
def _(t):
    need_root()
    sock = socket.socket(socket.AF_UNIX)
    path = t.path("agent.sock")
    sock.bind(path)
    sock.listen()
    got = {}

    def agent():
        conn, _ = sock.accept()
        text, anc, _, _ = conn.recvmsg(65536, socket.CMSG_LEN(4))
        fds = array.array("i")
        fds.frombytes(anc[0][2][:4])
        got["state"] = json.loads(text)
        got["fd"] = fds[0]
    thread = threading.Thread(target=agent, daemon=True)
    thread.start()
    b = t.bundle("sleep 100", profile(
        "SCMP_ACT_ALLOW", (MKDIR, "SCMP_ACT_NOTIFY", {}),
        listenerPath=path, listenerMetadata="hello"))
    c = t.running(b)
    thread.join(10)
    t.equal(got["state"]["metadata"], "hello")
    t.equal(got["state"]["fds"], ["seccompFd"])
    t.equal(got["state"]["state"]["id"], c)
    t.equal(got["state"]["pid"], t.state(c)["pid"])
    t.check("seccomp" in os.readlink(f"/proc/self/fd/{got['fd']}"),
            "it is not a listener")
    os.close(got["fd"])


@test("NOTIFY without an agent is an error")
def _(t):
    need_root()
    b = t.bundle("true", profile(
        "SCMP_ACT_ALLOW", (MKDIR, "SCMP_ACT_NOTIFY", {})))
    t.one_line(t.run(b, status=1).stderr, "listenerPath")
    b = t.bundle("true", profile(
        "SCMP_ACT_ALLOW", (MKDIR, "SCMP_ACT_NOTIFY", {}),
        listenerPath="/no/such.sock"))
    t.one_line(t.run(b, status=1).stderr, "/no/such.sock")
    t.nothing_left()


main()
