#!/usr/bin/env python3
"""What people and programs read, byte by byte: NAME.golden in this folder.

    test_golden.py --update      rewrites them; read the difference

What depends on the host (kernel, architecture, its libraries) is replaced by
words in <> first.
"""
import difflib
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from hull import *  # noqa: E402,F403

HERE = os.path.dirname(os.path.realpath(__file__))
UPDATE = "--update" in sys.argv
if UPDATE:
    sys.argv.remove("--update")


def golden(t, name, text):
    path = os.path.join(HERE, name + ".golden")
    if UPDATE:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return
    with open(path, encoding="utf-8") as f:
        want = f.read()
    if text != want:
        diff = difflib.unified_diff(want.splitlines(), text.splitlines(),
                                    "golden", "hull", lineterm="")
        raise Failure("\n".join(diff))


def commands(t):
    """The commands that --help lists; those of two words begin alike."""
    text = t.hull("--help").stdout
    block = text.split("Commands:\n")[1].split("\n\n")[0]
    # A name ends where two spaces begin.
    return [re.split(r"  +", line.strip())[0]
            for line in block.splitlines() if re.match(r"  \S", line)]


@test("help of hull and of each command")
def _(t):
    text = t.hull("--help").stdout
    names = commands(t)
    t.check(len(names) >= 17, f"{names}")
    for name in names:
        text += f"\n{'-' * 72}\n" + t.hull(*name.split(), "--help").stdout
    golden(t, "help", text)


@test("spec, for root and for an ordinary user")
def _(t):
    for name, options in [("spec", []), ("spec-rootless", ["--rootless"])]:
        t.hull("--rootless", "false", "spec", "--bundle", t.dir, *options)
        with open(t.path("config.json")) as f:
            golden(t, name, f.read().replace(
                f'"hostID": {os.geteuid()},', '"hostID": <id>,'))
        os.unlink(t.path("config.json"))


@test("features")
def _(t):
    features = json.loads(t.hull("features").stdout)
    features["linux"]["capabilities"] = ["<those of this kernel>"]
    seccomp = features["linux"]["seccomp"]
    for what in ("archs", "supportedFlags"):
        t.check(len(seccomp[what]) > 0, f"no {what}")
        seccomp[what] = ["<those of this kernel and libseccomp>"]
    for what in ("actions", "operators", "knownFlags"):
        seccomp[what].sort()
    for key in features.get("annotations", {}):
        if "version" in key.lower() or "commit" in key.lower():
            features["annotations"][key] = "<version>"
    golden(t, "features", json.dumps(features, indent=2) + "\n")


@test("state and list of a created container")
def _(t):
    b = t.bundle("sleep 100", {"annotations": {"org.example.b": "2",
                                               "org.example.a": "1"}})
    name = t.created(b)

    def plain(text):
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)
        text = re.sub(rf"\b{t.state(name)['pid']}\b", "<pid>", text)
        text = text.replace(t.dir, "<dir>").replace(name, "<id>")
        owner = t.state(name)["owner"]
        return re.sub(rf"\b{owner}\b", "<owner>", text)

    text = t.hull("state", name).stdout
    text += t.hull("list", "--format", "json").stdout
    text += t.hull("list", "--quiet").stdout
    table = re.sub(r" {2,}", "  ", t.hull("list").stdout)
    golden(t, "state", plain(text + table))


@test("the man page and the completions are made from the table")
def _(t):
    docs = os.path.join(os.path.dirname(os.path.dirname(HULL)), "man")
    pages = {}
    for name in ["hull.1", "hull", "_hull", "hull.fish"]:
        path = os.path.join(docs, name)
        t.check(os.path.exists(path), f"{path} was not made")
        with open(path, encoding="utf-8") as f:
            pages[name] = f.read()
    for command in commands(t):
        text = t.hull(*command.split(), "--help").stdout
        options = re.findall(r"^ {2}.{4}--([a-z0-9-]+)", text, re.M)
        t.has(pages["hull.1"], f"\\fBhull {command}\\fR")
        for o in options:
            t.has(pages["hull.1"], "\\fB\\-\\-" + o.replace("-", "\\-"))
            t.has(pages["hull"], "--" + o)
            t.has(pages["_hull"], "--" + o)
            t.has(pages["hull.fish"], "-l " + o)
    bash = subprocess.run(["bash", "-c", """
        source "$1"
        COMP_WORDS=(hull --root /x list --format '') COMP_CWORD=5
        _hull; echo "${COMPREPLY[*]}"
        COMP_WORDS=(hull del) COMP_CWORD=1; _hull; echo "${COMPREPLY[*]}"
        COMP_WORDS=(hull run --no-) COMP_CWORD=2; _hull
        echo "${COMPREPLY[*]}" """, "bash", os.path.join(docs, "hull")],
        capture_output=True, text=True, check=True)
    t.equal(bash.stderr, "", "bash's errors")
    t.equal(bash.stdout.splitlines(),
            ["table json", "delete",
             "--no-pivot --no-new-keyring --no-subreaper"], "completions")


main()
