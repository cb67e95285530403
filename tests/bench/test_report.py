#!/usr/bin/env python3
"""The report of hull bench: what a person sees of results.json, in a browser,
in an issue, in a terminal; honest when data is missing, and deaf to what a
runtime calls itself."""
# timeout: 300
import copy
import html
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
sys.path.insert(0, os.path.dirname(__file__))
import fixture  # noqa: E402
from hull import *  # noqa: E402,F403

BENCH = os.path.join(os.path.dirname(HULL), "hull-bench")
PLOTS = ["boot", "distribution", "boot-ratio", "memory", "memory-all",
         "memory-ratio", "memory-parts", "size", "cpu", "io"]
HOSTILE = ("</style><script>alert(1)</script>\"'><img src=https://evil.example/"
           " onerror=alert(2)> `touch PWNED` $(touch PWNED) \\ | <!-- {{x}}")


def draw(t, results, *args, status=0, path=None):
    """The folder of a report, and what the terminal showed."""
    d = os.path.join(t.dir, f"r{len(os.listdir(t.dir))}")
    os.mkdir(d)
    with open(os.path.join(d, "results.json"), "w", encoding="utf-8") as f:
        json.dump(results, f)
    env = dict(os.environ)
    if path is not None:
        env["PATH"] = path
    r = subprocess.run([BENCH, "report", d, *args], capture_output=True,
                       text=True, timeout=CALL_TIMEOUT, cwd=d, env=env)
    t.check(r.returncode == status,
            f"status {r.returncode}: {r.stdout}{r.stderr}")
    return d, r.stdout if status == 0 else r.stderr


def read(d, name):
    with open(os.path.join(d, name), encoding="utf-8") as f:
        return f.read()


def page(d):
    """The page as a tree; it is XML apart from its first line."""
    text = read(d, "report.html")
    first, _, rest = text.partition("\n")
    assert first == "<!DOCTYPE html>", first
    return ET.fromstring(rest)


def words(node):
    return " ".join("".join(node.itertext()).split())


def cells(row):
    return [words(cell) for cell in row]


def covers(got, want):
    """All of `want` stands in `got`, which may say more: zeros."""
    if isinstance(want, dict):
        return all(covers(got[k], v) for k, v in want.items())
    if isinstance(want, list):
        return len(got) == len(want) and all(map(covers, got, want))
    return got == want


def need_gnuplot():
    need_program("gnuplot")


def asks_nobody(t, tree):
    """No attribute that makes a browser fetch, or run, anything."""
    for node in tree.iter():
        t.check(node.tag not in ("script", "img", "iframe", "object", "embed",
                                 "base", "form"), f"a <{node.tag}>")
        for key, value in node.attrib.items():
            t.check(not key.startswith("on"), f"{node.tag} {key}={value}")
            if key.endswith(("href", "src", "srcset", "action")):
                t.check(value.startswith(("#", "data:")),
                        f"{node.tag} {key}={value[:60]}")
            elif key != "content":
                t.check("://" not in value or key == "aria-label",
                        f"{node.tag} {key}={value[:60]}")
        if node.tag == "style":
            t.check("url(" not in node.text and "@import" not in node.text,
                    "a style that loads")


@test("one file, well-formed, that asks nobody for anything")
def _(t):
    d, _ = draw(t, fixture.results())
    tree = page(d)
    asks_nobody(t, tree)
    ids = [n.attrib["id"] for n in tree.iter() if "id" in n.attrib]
    t.check(len(ids) == len(set(ids)), "an id stands twice")
    for use in tree.iter("use"):
        t.check(use.attrib["href"][1:] in ids, str(use.attrib))
    links = [a.attrib["href"] for a in tree.iter("a")]
    for link in links:
        t.check(link.startswith("data:") or link[1:] in ids, link[:40])


@test("the page carries its data")
def _(t):
    d, _ = draw(t, fixture.results())
    link = [a for a in page(d).iter("a") if "download" in a.attrib]
    t.check(len(link) == 1, "one download")
    head, _, data = link[0].attrib["href"].partition(",")
    t.check(head == "data:application/json;charset=utf-8", head)
    from urllib.parse import unquote
    carried, want = json.loads(unquote(data)), fixture.results()
    for key in want:
        t.check(covers(carried[key], want[key]), f"{key} is another")


@test("each plot has data, and each section its table")
def _(t):
    need_gnuplot()
    d, _ = draw(t, fixture.results())
    tree = page(d)
    for name in PLOTS:
        figure = tree.find(f".//figure[@id='plot-{name}']")
        t.check(figure is not None, f"no plot {name}")
        drawings = figure.findall("svg")
        t.check([s.attrib["class"] for s in drawings] == ["wide", "narrow"],
                f"{name}: {[s.attrib for s in drawings]}")
        for svg in drawings:
            marks = [n for n in svg.iter() if any(
                re.match(r"var\(--[sp]\d", n.attrib.get(k, ""))
                for k in ("stroke", "fill", "color")) and
                n.tag in ("path", "polygon", "use")]
            t.check(len(marks) >= 6, f"{name}: {len(marks)} marks")
            for node in svg.iter():
                for key in ("stroke", "fill", "color"):
                    t.check("rgb(" not in node.attrib.get(key, ""),
                            f"{name}: {node.attrib}")
        with open(os.path.join(d, f"plot-{name}.png"), "rb") as f:
            head = f.read(24)
        t.check(head[:8] == b"\x89PNG\r\n\x1a\n", f"{name}: no PNG")
        t.check(int.from_bytes(head[16:20], "big") >= 1000, f"{name}: small")
    for section in ("summary", "boot", "memory", "size", "cpu", "io",
                    "surface", "compat", "how"):
        table = tree.find(f".//section[@id='{section}']//table")
        t.check(table is not None and len(table.findall("tbody/tr")) > 1,
                f"{section} has no table")


@test("numbers stand in the tables as they were measured")
def _(t):
    r = fixture.results()
    b = next(b for b in r["boot"] if b["participant"] == "hull-wasm" and
             b["count"] == 10 and b["parallel"] == 1)
    b["wall_ms"] = 123.4
    s = next(s for s in r["surface"] if s["participant"] == "runc")
    s["syscalls_reachable"] = 277
    d, _ = draw(t, r)
    tree = page(d)
    row = [cells(tr) for tr in tree.findall(".//section[@id='boot']//tr")
           if cells(tr)[0] == "hull-wasm"][0]
    t.check(row[2] == "123 ms", str(row))
    row = [cells(tr) for tr in tree.findall(".//section[@id='surface']//tr")
           if cells(tr)[0] == "runc"][0]
    t.check(row[1:9] == ["277", "96", "3", "3", "0", "0", "✗ no", "✓ yes"],
            str(row))


@test("failures, noise and what is missing are told where the numbers are")
def _(t):
    r = fixture.results()
    r["complete"] = False
    d, out = draw(t, r)
    tree = page(d)
    care = words(tree.find(".//aside"))
    for part in ("did not finish", "5 of 240 rounds", "starts failed",
                 "wasmer is not installed"):
        t.check(part in care, f"{part}: {care}")
        t.check(part in read(d, "report.md"), f"report.md: {part}")
    t.check("did not finish" in out, out)
    boot = words(tree.find(".//section[@id='boot']"))
    t.check("500 of 1000 starts failed: youki: cgroup is <busy>" in boot, boot)
    t.check("runsc, N = 500: stopped after 60 s" in boot, boot)
    t.check("the probe did not come back" in
            words(tree.find(".//section[@id='surface']")), "surface")
    t.check("not found in PATH" in words(tree.find(".//section[@id='how']")),
            "participants")


# -------------------------------------------------------------- headline --

def tiny(**who):
    """name=(boot in ms, memory in MiB of 1500)."""
    r = {"schema": 1, "complete": True, "boot": [], "memory": []}
    for name, (ms, mib) in who.items():
        name = name.replace("_", "-")
        s = {"n": 1500, "min": ms, "mean": ms, "median": ms, "p95": ms,
             "p99": ms, "max": ms}
        if ms:
            r["boot"].append({"participant": name, "count": 1500,
                              "parallel": 1, "ok": 1500, "wall_ms": 1500 * ms,
                              "starts_per_s": 1000 / ms, "total": s})
        if mib:
            r["memory"].append({"participant": name, "count": 1500,
                                "ok": 1500, "pss": mib << 20})
    return r


@test("the headline is computed, and says a worse result as well")
def _(t):
    for want, r in (
        ("hull-wasm boots in 9.0% of runc’s time, 1,500 take 75% less memory.",
         tiny(hull_wasm=(0.9, 500), runc=(10, 2000))),
        ("hull-wasm boots in 130% of runc’s time, 1,500 take 50% more memory.",
         tiny(hull_wasm=(13, 3000), runc=(10, 2000))),
        ("hull-wasm boots in 2.5 times of crun’s time.",
         tiny(hull_wasm=(25, 0), crun=(10, 2000))),
        ("hull-namespaces 1,500 asleep take the same memory as with runc.",
         tiny(hull_namespaces=(0, 2000), runc=(10, 2000))),
        ("No other OCI runtime was measured, so hull is compared with nothing.",
         tiny(hull_wasm=(25, 10))),
        ("hull was not measured beside runc, so there is nothing to compare.",
         tiny(runc=(25, 10))),
        ("Neither boot time nor memory was measured.",
         {"schema": 1, "complete": True}),
    ):
        d, out = draw(t, r)
        said = " ".join(out.split("\n\n")[0].split())
        t.check(said == want, f"{said}\n  and not\n{want}")
        t.check(words(page(d).find(".//h1")) == want, "the page says another")


@test("another count is no comparison")
def _(t):
    r = tiny(hull_wasm=(1, 500), runc=(10, 2000))
    r["boot"][0]["count"] = r["memory"][0]["count"] = 1000
    _, out = draw(t, r)
    t.check("was not measured beside runc" in out, out)


# ---------------------------------------------------------------- hostile --

@test("what a runtime calls itself stays text")
def _(t):
    r = fixture.results()
    text = json.dumps(r).replace('"iwasm"', json.dumps(HOSTILE))
    r = json.loads(text)
    r["machine"]["cpu"] = r["hull_version"] = r["problems"][0] = HOSTILE
    r["command"].append(HOSTILE)
    r["participants"][4]["version"] = HOSTILE
    r["compat"][0]["reason"] = r["surface"][0]["lsm"] = HOSTILE
    r["size"][0]["form"] = HOSTILE
    d, out = draw(t, r)
    tree = page(d)
    asks_nobody(t, tree)
    t.check(words(tree).count("<script>alert(1)</script>") >= 8, "it is gone")
    t.check("PWNED" not in "".join(os.listdir(d)), "a command ran")
    md = read(d, "report.md")
    t.check("<script" not in md and "<img" not in md and "<!--" not in md,
            "HTML in report.md")
    for line in md.splitlines():
        if line.startswith("|"):
            t.check(len(re.findall(r"(?<!\\)\|", line)) >= 3, line)


@test("every row of report.md has as many cells as its head")
def _(t):
    d, _ = draw(t, fixture.results())
    cells = None
    rows = 0
    for line in read(d, "report.md").splitlines():
        if not line.startswith("|"):
            cells = None
            continue
        n = len(re.findall(r"(?<!\\)\|", line))
        t.check(cells in (None, n), line)
        cells = n
        rows += 1
    t.check(rows > 100, f"{rows} rows")


# ------------------------------------------------------------ what is not --

@test("an empty run has a report that says so")
def _(t):
    d, out = draw(t, {"schema": 1})
    text = words(page(d))
    t.check("Not measured in this run: At a glance, Boot, Memory, Size, CPU, "
            "System calls and I/O, Attack surface, Compatibility." in text,
            text)
    t.check("did not finish" in out, out)
    t.check(not [f for f in os.listdir(d) if f.endswith(".png")], "a plot")


@test("without gnuplot: all tables, and which package has it")
def _(t):
    d, out = draw(t, fixture.results(), path="/nonexistent")
    tree = page(d)
    t.check(not list(tree.iter("svg")), "an svg")
    t.check(len(list(tree.iter("table"))) >= 12, "tables are missing")
    t.check("gnuplot-nox" in words(tree) and "gnuplot-nox" in out, out)
    # And no plot of an earlier run beside it.
    with open(os.path.join(d, "plot-boot.png"), "wb"):
        pass
    subprocess.run([BENCH, "report", d], check=True, timeout=CALL_TIMEOUT,
                   stdout=subprocess.DEVNULL, env={"PATH": "/nonexistent"})
    t.check(not os.path.exists(os.path.join(d, "plot-boot.png")), "it stays")


@test("a gnuplot that fails is said, and no half a report is left")
def _(t):
    fake = os.path.join(t.dir, "bin")
    os.mkdir(fake)
    with open(os.path.join(fake, "gnuplot"), "w") as f:
        f.write("#!/bin/sh\nprintf 'plot x\\n  ^\\n  no such font\\n\\n' >&2\n"
                "exit 3\n")
    os.chmod(os.path.join(fake, "gnuplot"), 0o755)
    d, err = draw(t, fixture.results(), status=1, path=fake)
    t.one_line(err, "plot-boot.png", "gnuplot failed with status 3: no such "
               "font")
    t.check("gnuplot failed" in words(page(d)), "the page is silent")


@test("a folder without results, or of another schema, is refused")
def _(t):
    _, err = draw(t, {"schema": 99}, status=1)
    t.one_line(err, "results.json", "schema 99")
    r = subprocess.run([BENCH, "report", t.dir], capture_output=True,
                       text=True)
    t.check(r.returncode == 1, str(r.returncode))
    t.one_line(r.stderr, "results.json", "No such file")


# ---------------------------------------------------------------- terminal --

@test("the terminal's 80 columns hold the summary and the comparison")
def _(t):
    old = fixture.results()
    for b in old["boot"]:
        if b["participant"] == "hull-wasm":
            b["total"]["median"] *= 2
        if b["participant"] == "crun":
            b["total"]["median"] /= 2
    old["machine"]["cpu"] = "Another processor with a name that is longer " \
        "than a column can be"
    old["participants"][4]["version"] = "runc version 1.0.0"
    path = os.path.join(t.dir, "old.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(old, f)
    now = fixture.results()
    now["boot"] = [b for b in now["boot"] if b["participant"] != "node"]
    _, out = draw(t, now, "--compare", path)
    for line in out.splitlines()[:-1]:
        t.check(len(line) <= 80, f"{len(line)}: {line}")
    t.check("machines differ" in out and "Another processor" in out, out)
    t.check(re.search(r"runc version 1\.0\.0 +-> runc version 1\.1\.5", out),
            out)
    t.check(re.search(r"hull-wasm +N = 1,500, 1 at a time +3\.\d\d ms +"
                      r"1\.\d\d ms +0\.50×$", out, re.M), out)
    t.check(re.search(r"crun +N = 10, 1 at a time .* 2\.00× !$", out, re.M),
            out)
    t.check(re.search(r"\n8 better, 8 worse \(!\), \d+ within 5%", out), out)


@test("the same run differs in nothing")
def _(t):
    path = os.path.join(t.dir, "old.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(fixture.results(), f)
    _, out = draw(t, fixture.results(), "--compare", path)
    t.check("machines differ" not in out, out)
    t.check(re.search(r"\n0 better, 0 worse \(!\), \d{3} within 5%, 1?\d in "
                      r"one run only\n", out), out)


@test("each runtime that can take part has its facts")
def _(t):
    folder = os.path.join(TOP, "src", "bench")
    with open(os.path.join(folder, "participants.def")) as f:
        known = re.findall(r'^(?:OCI|PROCESS)\("([^"]+)"', f.read(), re.M)
    with open(os.path.join(folder, "facts.def")) as f:
        facts = re.findall(r'^FACT\("([^"]+)",', f.read(), re.M)
    t.check(len(known) >= 10, str(known))
    t.check(set(known) <= set(facts), str(set(known) - set(facts)))


@test("docs/bench.md describes each key of results.json")
def _(t):
    with open(os.path.join(TOP, "src", "bench", "results.c")) as f:
        keys = set(re.findall(r'"([a-z][a-z0-9_]*)"\)?,', f.read()))
    with open(os.path.join(TOP, "docs", "bench.md")) as f:
        text = f.read()
    t.check(len(keys) > 80, f"{len(keys)} keys")
    missing = [k for k in sorted(keys) if f"`{k}`" not in text]
    t.check(not missing, str(missing))


@test("the report of a full run is small enough to be kept")
def _(t):
    d, _ = draw(t, fixture.results())
    size = sum(os.path.getsize(os.path.join(d, f)) for f in os.listdir(d))
    t.check(size < 2 << 20, f"{size} bytes")


# ----------------------------------------------------------------- browser --

# Looks at the page in a frame of the width of a screen.
MEASURE = """<!DOCTYPE html><body style="margin:0">
<iframe id="f" src="report.html" style="border:0;width:%dpx;height:900px">
</iframe><pre id="out"></pre><script>
const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => {
  x /= 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4 });
  return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
const behind = (w, e) => { for (; e; e = e.parentElement) {
  const c = w.getComputedStyle(e).backgroundColor;
  if (!/, 0\\)$|transparent/.test(c)) return c } return 'rgb(255,255,255)' };
const contrast = (a, b) => { const x = light(a), y = light(b);
  return (Math.max(x, y) + .05) / (Math.min(x, y) + .05) };
document.getElementById('f').onload = e => {
  const w = e.target.contentWindow, d = w.document;
  const css = n => w.getComputedStyle(n), r = {};
  r.width = d.documentElement.scrollWidth;
  r.background = css(d.body).backgroundColor;
  r.plots = [...d.querySelectorAll('figure')].map(f => {
    const seen = [...f.querySelectorAll('svg')].filter(
      s => s.getBoundingClientRect().width > 0);
    const s = seen[0], box = s.getBoundingClientRect();
    const own = t => t.getBoundingClientRect();
    return { id: f.id, seen: seen.length, width: box.width, height: box.height,
      font: Math.min(...[...s.querySelectorAll('text')].map(
        t => parseFloat(css(t).fontSize) *
             box.width / s.viewBox.baseVal.width)),
      cut: [...s.querySelectorAll('text')].filter(t =>
        own(t).left < box.left - 1 || own(t).right > box.right + 1)
        .map(t => t.textContent),
      over: [...s.querySelectorAll('text')].flatMap((t, i, all) =>
        all.slice(i + 1).filter(u => { const a = own(t), b = own(u);
          return Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3 })
        .map(u => t.textContent + ' / ' + u.textContent)),
      pale: [...s.querySelectorAll('text')].filter(
        t => contrast(css(t).fill, r.background) < 4.5)
        .map(t => t.textContent + ' ' + css(t).fill),
      marks: [...s.querySelectorAll('path,polygon,use')].filter(p => {
        const c = ['stroke', 'fill', 'color'].some(k =>
          /^var\\(--[sp]\\d/.test(p.getAttribute(k) || ''));
        const b = own(p); return c && b.width + b.height > 2 }).length }});
  r.pale = [...d.querySelectorAll('h1,h2,h3,p,li,td,th,small,caption,a,sup')]
    .filter(n => n.textContent.trim() &&
            contrast(css(n).color, behind(w, n)) < 4.5)
    .map(n => n.tagName + ' ' + n.textContent.slice(0, 30)).slice(0, 5);
  document.getElementById('out').textContent = JSON.stringify(r);
};</script></body>
"""


def chromium(t, *args):
    program = need_program("chromium")
    home = os.path.join(t.dir, "home")
    os.makedirs(home, exist_ok=True)
    r = subprocess.run(
        [program, "--headless", "--no-sandbox", "--disable-gpu",
         "--hide-scrollbars", "--allow-file-access-from-files",
         "--disable-dev-shm-usage", "--no-first-run",
         "--virtual-time-budget=4000", "--enable-logging=stderr",
         f"--user-data-dir={home}/profile", *args],
        capture_output=True, text=True, timeout=TEST_TIMEOUT,
        env=dict(os.environ, HOME=home, XDG_RUNTIME_DIR=home))
    t.check(r.returncode == 0, f"chromium: {r.returncode}: {r.stderr[-400:]}")
    console = [x for x in r.stderr.splitlines() if "CONSOLE" in x]
    t.check(not console, "\n".join(console))
    return r.stdout


def scheme(dark):
    return [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]


def look(t, d, width, dark):
    wrapper = os.path.join(d, f"measure-{width}.html")
    with open(wrapper, "w", encoding="utf-8") as f:
        f.write(MEASURE % width)
    dom = chromium(t, *scheme(dark), f"--window-size={max(width, 500)},1000",
                   "--dump-dom", f"file://{wrapper}")
    m = re.search(r'<pre id="out">(.*?)</pre>', dom, re.S)
    t.check(m and m[1], f"the page did not load: {dom[-300:]}")
    return json.loads(html.unescape(m[1]))


def shot(t, d, width, dark):
    """The picture's first pixel.  HULL_TEST_SHOTS keeps the pictures."""
    import zlib
    name = f"{width}-{'dark' if dark else 'light'}.png"
    path = os.path.join(os.environ.get("HULL_TEST_SHOTS", d), name)
    chromium(t, *scheme(dark), f"--window-size={width},2400",
             f"--screenshot={path}", f"file://{d}/report.html")
    with open(path, "rb") as f:
        png = f.read()
    at, data = 8, b""
    while at < len(png):
        n = int.from_bytes(png[at:at + 4], "big")
        if png[at + 4:at + 8] == b"IDAT":
            data += png[at + 8:at + 8 + n]
        at += 12 + n
    # Of the first pixel no filter has anything to subtract.
    return tuple(zlib.decompress(data)[1:4])


def in_browser(width, dark):
    def run(t):
        need_gnuplot()
        need_program("chromium")
        d, _ = draw(t, fixture.results())
        r = look(t, d, width, dark)
        t.check(r["width"] <= width, f"{r['width']} wide on {width}")
        t.check(r["background"] == ("rgb(20, 23, 28)" if dark else
                                    "rgb(255, 255, 255)"), r["background"])
        t.check(not r["pale"], f"pale: {r['pale']}")
        t.check([p["id"] for p in r["plots"]] ==
                ["plot-" + p for p in PLOTS], str(r["plots"]))
        for p in r["plots"]:
            t.check(p["seen"] == 1, f"{p['id']}: {p['seen']} drawings")
            t.check(p["marks"] >= 6, f"{p['id']}: {p['marks']} marks")
            t.check(p["font"] >= 11, f"{p['id']}: text of {p['font']} px")
            t.check(not p["cut"], f"{p['id']}: cut: {p['cut']}")
            t.check(not p["over"], f"{p['id']}: covered: {p['over']}")
            t.check(not p["pale"], f"{p['id']}: pale: {p['pale']}")
        pixel = shot(t, d, width, dark)
        t.check(pixel == ((20, 23, 28) if dark else (255, 255, 255)),
                f"the picture begins with {pixel}")
    return run


for w, place in ((1280, "a desktop"), (390, "a phone")):
    for dark_, light_ in ((False, "light"), (True, "dark")):
        test(f"in a browser: {place}, {light_}")(in_browser(w, dark_))


@test("in a browser: the hostile page runs nothing")
def _(t):
    need_program("chromium")
    r = fixture.results()
    r["machine"]["cpu"] = r["participants"][4]["version"] = HOSTILE
    d, _ = draw(t, r)
    dom = chromium(t, "--dump-dom", f"file://{d}/report.html")
    t.check("<script" not in dom and "<img" not in dom, "an element")
    t.check("&lt;script&gt;alert(1)" in dom, "the text is gone")


main()
