#!/usr/bin/env python3
"""WasmEdge's sockets: each function, and a web server under load.
# timeout: 300
"""
import fcntl
import http.client
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
from hull import *  # noqa: E402,F403
from hull import HULL, main, need_root, skip, test  # noqa: E402
import wasm  # noqa: E402


def run_guest(t, name, *args, options=()):
    inside = t.path("tree/in")
    os.makedirs(f"{inside}/dir")
    os.makedirs(t.path("tree/outside"))
    open(f"{inside}/file", "w").close()
    os.symlink("../outside", f"{inside}/evil")
    p = subprocess.run(
        [HULL, "wasm", "run", "--dir", f"{inside}::/", *options,
         wasm.build(f"tests/wasm/sockets/{name}.c", name=f"sock-{name}.wasm"),
         *args], capture_output=True, text=True, timeout=20, check=False)
    t.equal((p.returncode, p.stdout), (0, "ok\n"), p.stderr)
    t.equal(os.listdir(t.path("tree/outside")), [], "the directory outside")
    return inside


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


@test("version 1 by IPv4")
def _(t):
    run_guest(t, "v1", "4")


@test("version 1 by IPv6")
def _(t):
    if not has_ipv6():
        skip("ipv6", "no address ::1")
    run_guest(t, "v1", "6")


@test("version 2 by IPv4")
def _(t):
    run_guest(t, "v2", "4")


@test("version 2 by IPv6")
def _(t):
    if not has_ipv6():
        skip("ipv6", "no address ::1")
    run_guest(t, "v2", "6")


@test("unix sockets live below the guest's directory, and nowhere else")
def _(t):
    inside = run_guest(t, "v2", "unix")
    t.check(os.path.exists(f"{inside}/dir/sock"), "no socket was made")


@test("options, and errors with the guest's numbers")
def _(t):
    run_guest(t, "options")


@test("--no-sockets refuses them")
def _(t):
    run_guest(t, "denied", options=["--no-sockets"])


# ------------------------------------------------------------------- names --

def question(message):
    """(name, type, end) of a DNS query."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels), struct.unpack(">H", message[at + 1:at + 3])[0], \
        at + 5


ZONE = {("two.test", 1): ["10.0.0.1", "10.0.0.2"],
        ("two.test", 28): ["fd00::1"], ("v6.test", 28): ["fd00::2"],
        ("v6.test", 1): [], ("liar.test", 1): ["10.0.0.3"],
        ("liar.test", 28): []}


def dns_server(s):
    """Answers from ZONE; for liar.test there are forgeries first."""
    while True:
        query, peer = s.recvfrom(512)
        name, kind, end = question(query)
        if name == "silent.test":
            continue
        known = (name, kind) in ZONE
        records = b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, 4 if kind == 1
                                      else 16) +
            socket.inet_pton(socket.AF_INET if kind == 1 else
                             socket.AF_INET6, a)
            for a in ZONE.get((name, kind), []))
        reply = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183,
                                        1, len(ZONE.get((name, kind), [])),
                                        0, 0) + query[12:end] + records
        if name == "liar.test":
            other_id = bytes([reply[0] ^ 1]) + reply[1:]
            other_name = reply[:13] + b"x" + reply[14:]
            for bad in (other_id, other_name, b"", reply[:7]):
                s.sendto(bad, peer)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as else_:
                else_.sendto(reply.replace(b"\x0a\0\0\3", b"\x0a\6\6\6"),
                             peer)
        s.sendto(reply, peer)


def names_child(root):
    """In a network namespace of its own, with a root of its own."""
    with socket.socket() as s:
        ifreq = struct.pack("16sH14x", b"lo", 1)
        fcntl.ioctl(s, 0x8914, ifreq)  # SIOCSIFFLAGS, IFF_UP
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    threading.Thread(target=dns_server, args=(server,), daemon=True).start()
    failed = []

    def look(node, family, service, *want):
        p = subprocess.run(["/hull", "wasm", "run", "/guest.wasm", node,
                            family, service], capture_output=True, text=True,
                           timeout=30, check=False,
                           preexec_fn=lambda: os.chroot(root))
        got = sorted(p.stdout.split("\n")[:-1])
        if p.returncode or got != sorted(want):
            failed.append(f"{node} {family} {service}: {got} {p.stderr}")

    look("192.0.2.1", "0", "80", "c0000201 80")
    look("::1", "2", "http", "0" * 31 + "1 80")
    look("::1", "1", "80", "error 77")
    look("db", "0", "0", "0a000007 0")
    look("two.test", "1", "443", "0a000001 443", "0a000002 443")
    look("two.test", "0", "1", "0a000001 1", "0a000002 1",
         "fd" + "0" * 29 + "1 1")
    look("v6.test", "0", "1", "fd" + "0" * 29 + "2 1")
    look("v6.test", "1", "1", "error 83")
    look("none.test", "0", "1", "error 84")
    look("liar.test", "0", "1", "0a000003 1")
    look("", "0", "80", "7f000001 80", "0" * 31 + "1 80")
    look("", "0", "", "error 84")
    look("two.test", "0", "nonsense", "error 85")
    start = time.monotonic()
    look("silent.test", "1", "1", "error 78")
    if time.monotonic() - start > 10:
        failed.append("a silent server is waited for too long")
    print("\n".join(failed))
    sys.exit(1 if failed else 0)


@test("sock_getaddrinfo: numbers, etc/hosts, name servers, forged answers")
def _(t):
    need_root()
    guest = wasm.build("tests/wasm/sockets/getaddrinfo.c")
    root = t.path("root")
    os.makedirs(f"{root}/etc")
    with open(HULL, "rb") as f:
        if b"/ld-linux" in f.read(8192):
            skip("static", "this build of hull needs shared libraries")
    shutil.copy(HULL, f"{root}/hull")
    shutil.copy(guest, f"{root}/guest.wasm")
    for name, text in {"hosts": "10.0.0.7 db\n",
                       "services": "http 80/tcp\n",
                       "resolv.conf": "nameserver 127.0.0.1\n"}.items():
        with open(f"{root}/etc/{name}", "w") as f:
            f.write(text)
    p = subprocess.run(["unshare", "--net", "--", sys.executable, __file__,
                        "names", root], capture_output=True, text=True,
                       timeout=55, check=False)
    if "unshare failed" in p.stderr:
        skip("netns", p.stderr.strip())
    t.equal((p.returncode, p.stdout.strip()), (0, ""), p.stderr)


# ------------------------------------------------------------------ server --

class Server:
    def __init__(self, t, *options):
        self.proc = subprocess.Popen(
            [HULL, "wasm", "run", *options,
             wasm.build("examples/http-server.c"), "0"],
            stdout=subprocess.PIPE, text=True)
        t.undo(self.stop)
        line = self.proc.stdout.readline()
        t.check(line.startswith("port "), f"the server said {line!r}")
        self.port = int(line.split()[1])

    def stop(self):
        self.proc.kill()
        self.proc.communicate()


@test("a web server: curl")
def _(t):
    server = Server(t)
    need = shutil.which("curl")
    if not need:
        skip("curl", "curl is not installed")
    url = f"http://127.0.0.1:{server.port}"
    p = subprocess.run([need, "-s", "--max-time", "5", f"{url}/hello",
                        f"{url}/again"], capture_output=True, text=True,
                       check=False)
    t.equal(p.stdout, "/hello/again")
    p = subprocess.run([need, "-s", "--max-time", "5", "-d", "x" * 10000,
                        f"{url}/post"], capture_output=True, text=True,
                       check=False)
    t.equal(p.stdout, "x" * 10000)
    subprocess.run([need, "-s", "--max-time", "5", f"{url}/quit"],
                   capture_output=True, check=False)
    t.equal(server.proc.wait(10), 0, "its exit status")


@test("a web server: 50 connections, 200 requests each")
def _(t):
    server = Server(t)
    errors = []

    def client(n):
        try:
            c = http.client.HTTPConnection("127.0.0.1", server.port,
                                           timeout=20)
            for i in range(200):
                body = f"{n}-{i}-" + "y" * (i * 7 % 3000)
                c.request("POST", "/echo", body)
                got = c.getresponse().read().decode()
                if got != body:
                    errors.append(f"client {n}, request {i}: {got[:50]}")
                    return
            c.close()
        except OSError as e:
            errors.append(f"client {n}: {e}")

    threads = [threading.Thread(target=client, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.equal(errors, [])
    t.equal(server.proc.poll(), None, "the server's end")


if sys.argv[1:2] == ["names"]:
    names_child(sys.argv[2])
main()
