#!/usr/bin/env python3
"""Images: what hull-wasmc's linker makes of objects, and how their stack is
walked.

Objects are compiled here, from C and from LLVM's intermediate language, since
that is what the linker gets; link-test links, loads and calls them.
test_arm64.py runs the same for Arm64."""

# timeout: 120
import hashlib
import os
import re
import shutil
import struct
import subprocess
import tempfile

import common


class Target:
    """An architecture, its compiler's name for it, and how its programs are
    run."""

    def __init__(self, name, triple, cpu, link_test, spoil):
        self.name, self.triple, self.cpu = name, triple, cpu
        self.link_test, self.spoil = link_test, spoil


# The registers that a callee has to preserve, all of them.
X86_64 = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15']
ARM64 = ['x%d' % i for i in range(19, 29)] + ['d%d' % i for i in range(8, 16)]


def native():
    machine = os.uname().machine
    command = [common.program('link-test')]
    if machine == 'x86_64':
        return Target('x86-64', 'x86_64-linux-gnu', 'x86-64-v2', command,
                      X86_64)
    if machine == 'aarch64':
        return arm64(command)
    return None


def arm64(command):
    return Target('arm64', 'aarch64-linux-gnu', 'armv8-a', command, ARM64)


def find_clang():
    """The IR below needs opaque pointers."""
    for version in (19, 20, 21, 18, 17, 16):
        if shutil.which('clang-%d' % version):
            return 'clang-%d' % version
    return None


CALLS = '''
#define HIDDEN __attribute__((visibility("hidden"), noinline))
#define LONG unsigned long long
HIDDEN LONG f1(LONG x);
HIDDEN LONG f2(LONG x);
static const LONG words[] = {3, 1, 4, 1, 5, 9, 2, 6};
static const short halves[] = {30, 10, 40, 10, 50, 90, 20, 60};
static const char bytes[] = {3, 1, 4, 1, 5, 9, 2, 7};
HIDDEN LONG f0(LONG x)
{
    return x + words[x & 7] + halves[x & 7] * 1000 + bytes[x & 7] * 1000000;
}
HIDDEN LONG f1(LONG x)
{
    switch (x) { /* a table of jumps */
    case 0: return 17;
    case 1: return f0(x) * 3;
    case 2: return f2(7) + 1;
    case 3: return f0(f2(x));
    case 4: return f2(x) ^ 12345;
    case 5: return f0(x) - f0(x - 1);
    case 6: return f0(x) / 7;
    default: return -1ull;
    }
}
HIDDEN LONG enter1(LONG x) { return x; }
'''

CALLS_OTHER = '''
#define HIDDEN __attribute__((visibility("hidden"), noinline))
#define LONG unsigned long long
typedef int vector __attribute__((vector_size(16)));
HIDDEN LONG f0(LONG x);
HIDDEN double scale(double x) { return x * 2.5 + 1e9; }
HIDDEN vector constant(void) { return (vector){1, 22, 333, 4444}; }
HIDDEN LONG f2(LONG x)
{
    vector v = constant();
    return (LONG)scale((double)x) + f0(x) + v[x & 3];
}
'''


def f0(x):
    i = x & 7
    return (x + [3, 1, 4, 1, 5, 9, 2, 6][i] +
            [30, 10, 40, 10, 50, 90, 20, 60][i] * 1000 +
            [3, 1, 4, 1, 5, 9, 2, 7][i] * 1000000)


def f2(x):
    return int(x * 2.5 + 1e9) + f0(x) + [1, 22, 333, 4444][x & 3]


F1 = [17, f0(1) * 3, f2(7) + 1, f0(f2(3)), f2(4) ^ 12345, f0(5) - f0(4),
      f0(6) // 7, 2**64 - 1]

# f0 throws, %x frames down, each of which has spoilt all registers that it
# had to save.  f1 catches, and needs what it had in registers before; so does
# f2, whose try block is not around this call.
THROW = '''
declare i32 @__gxx_personality_v0(...)

define hidden tailcc i64 @f0(ptr %i, i64 %x) noinline uwtable {
  %z = icmp eq i64 %x, 0
  br i1 %z, label %throw, label %deeper
throw:
  %f = load ptr, ptr %i
  call void %f(ptr %i)
  unreachable
deeper:
  call void asm sideeffect "@SPOIL@", "@CLOBBER@"()
  %y = sub i64 %x, 1
  %v = call tailcc i64 @f0(ptr %i, i64 %y)
  call void asm sideeffect "", ""()
  %w = add i64 %v, 1
  ret i64 %w
}

define hidden tailcc i64 @f1(ptr %i, i64 %x) noinline uwtable
    personality ptr @__gxx_personality_v0 {
@LIVE@
  %v = invoke tailcc i64 @f0(ptr %i, i64 %x) to label %ok unwind label %pad
ok:
  ret i64 %v
pad:
  %l = landingpad { ptr, i32 } catch ptr null
  %p = extractvalue { ptr, i32 } %l, 0
  %p0 = ptrtoint ptr %p to i64
  %s = extractvalue { ptr, i32 } %l, 1
  %s0 = zext i32 %s to i64
  %sum0 = add i64 %p0, %s0
@SUM@
  ret i64 %sum@LAST@
}

define hidden tailcc i64 @f2(ptr %i, i64 %x) noinline uwtable
    personality ptr @__gxx_personality_v0 {
  %v = invoke tailcc i64 @f3(ptr %i) to label %ok unwind label %pad
ok:
  %w = call tailcc i64 @f0(ptr %i, i64 %x)
  %sum = add i64 %v, %w
  ret i64 %sum
pad:
  %l = landingpad { ptr, i32 } catch ptr null
  ret i64 1
}

define hidden tailcc i64 @f3(ptr %i) noinline uwtable {
  %v = call i64 asm sideeffect "", "=r,0"(i64 5)
  ret i64 %v
}

define hidden i64 @enter0(ptr %i, ptr %code, i64 %x) uwtable {
  %v = call tailcc i64 %code(ptr %i, i64 %x)
  ret i64 %v
}
'''

N_LIVE = 14


def throw_ir(target):
    live, total = [], []
    for i in range(1, N_LIVE + 1):
        live.append('  %%a%d = call i64 asm sideeffect "", "=r,0"(i64 %%b%d)' %
                    (i, i))
        live.insert(i - 1, '  %%b%d = add i64 %%x, %d' % (i, i))
        total.append('  %%m%d = mul i64 %%sum%d, 3' % (i, i - 1))
        total.append('  %%sum%d = add i64 %%m%d, %%a%d' % (i, i, i))
    if target.name == 'arm64':
        spoil = '; '.join('fmov %s, xzr' % r if r[0] == 'd' else
                          'mov %s, xzr' % r for r in target.spoil)
    else:
        spoil = '; '.join('movq $$-1, %%%s' % r for r in target.spoil)
    text = THROW
    for name, value in (('SPOIL', spoil), ('LIVE', '\n'.join(live)),
                        ('CLOBBER', ','.join('~{%s}' % r
                                             for r in target.spoil)),
                        ('SUM', '\n'.join(total)), ('LAST', str(N_LIVE))):
        text = text.replace('@%s@' % name, value)
    return text


def caught(x):
    """f1's answer: 7 and 9 are what link-test says is thrown."""
    total = 7 + 9
    for i in range(1, N_LIVE + 1):
        total = total * 3 + x + i
    return total


class Rig:
    def __init__(self, target, clang, folder):
        self.target, self.clang, self.folder = target, clang, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self, name, text, *flags, optimize='-O2'):
        source = self.path(name)
        with open(source, 'w', encoding='utf-8') as f:
            f.write(text)
        out = os.path.splitext(source)[0] + '.o'
        subprocess.run([self.clang, '--target=' + self.target.triple,
                        '-Wno-override-module', optimize, '-fPIC', '-c',
                        '-fno-stack-protector', '-o', out, source, *flags],
                       check=True)
        return out

    def run(self, *args):
        return subprocess.run(self.target.link_test + list(args),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)

    def make(self, image, funcs, types, *objects, imported=0):
        return self.run('make', self.path(image), self.target.cpu,
                        str(imported), str(funcs), str(types), *objects)

    def ok(self, passed, name, p=None):
        name = '%s: %s' % (self.target.name, name)
        if not common.ok(passed, name) and p is not None:
            common.comment('exit %d\n%s%s' % (p.returncode, p.stdout,
                                              p.stderr))

    def show(self, image):
        p = self.run('show', self.path(image))
        return [line.split() for line in p.stdout.splitlines()], p


def test_calls(rig, name, *flags, optimize='-O2'):
    image = name + '.image'
    objects = [rig.compile('calls.c', CALLS, *flags, optimize=optimize),
               rig.compile('other.c', CALLS_OTHER, *flags, optimize=optimize)]
    p = rig.make(image, 3, 2, *objects)
    got = []
    if p.returncode == 0:
        for i, _ in enumerate(F1):
            p = rig.run('call', rig.path(image), '1', str(i))
            got.append(p.stdout.strip())
    rig.ok(got == [str(v) for v in F1], 'calls, tables and constants: ' + name,
           p)


def test_tables(rig):
    rows, p = rig.show('-O2.image')
    at = {r[0]: int(r[1]) for r in rows if r[0] != 'code'}
    code = [tuple(map(int, r[1:])) for r in rows if r[0] == 'code']
    rig.ok(p.returncode == 0 and at['enter0'] == 0 and
           len({at[f] for f in ('f0', 'f1', 'f2', 'enter1')}) == 4 and
           all(at[f] % 4 == 0 and at[f] > 0
               for f in ('f0', 'f1', 'f2', 'enter1')),
           'functions have entries, a missing thunk has none', p)
    rig.ok(len(code) == 6 and code == sorted(code) and
           all(a[0] + a[1] <= b[0] for a, b in zip(code, code[1:])) and
           {c[0]: c[2] for c in code if c[2] >= 0} ==
           {at['f%d' % i]: i for i in range(3)} and
           all(c[3] >= 0 for c in code),
           'each function is there, in the order of code, with unwind table',
           p)


def test_throw(rig, optimize):
    image = 'throw%s.image' % optimize
    p = rig.make(image, 4, 1, rig.compile('throw.ll', throw_ir(rig.target),
                                          optimize=optimize))
    if p.returncode:
        rig.ok(False, 'link what throws', p)
        return
    for x in (0, 1, 50):
        p = rig.run('throw', rig.path(image), '1', str(x))
        rig.ok(p.stdout == '%d after %d frames\n' % (caught(x), x + 1),
               '%s: caught %d frames up, registers as they were' %
               (optimize, x + 1), p)
    p = rig.run('throw', rig.path(image), '0', '20')
    rig.ok(p.stdout == 'not caught in 22 frames\n',
           optimize + ': what nobody catches passes all frames', p)
    p = rig.run('throw', rig.path(image), '2', '3')
    rig.ok(p.stdout == 'not caught in 6 frames\n',
           optimize + ': a call outside of the try block is not caught', p)


def test_steps(rig):
    """A fault can be anywhere: the stack is walked at each instruction."""
    if rig.target.name != 'x86-64':
        return
    for image in ('-O0', '-O2'):
        steps = lost = 0
        for x in range(7):
            p = rig.run('step', rig.path(image + '.image'), '1', str(x))
            found = re.match(r'(\d+) instructions, (\d+) lost\n$', p.stdout)
            steps += int(found[1]) if found else 0
            lost += int(found[2]) if found else 1
        rig.ok(steps > 100 and lost == 0,
               image + ': from each instruction to the caller', p)


LINES = '''
#define HIDDEN __attribute__((visibility("hidden"), noinline))
HIDDEN int f0(int x, int y)
{
#line 70001
    x ^= y;
#line 130000
    x /= y;
#line 64
    return x * 3;
}
#line 64
HIDDEN int f1(int x)
{
#line 65
    if (x & 1)
#line 200050
        return f0(x, x) + 1;
#line 200200
    return f0(x * 3, 5);
}
'''


def dwarf_rows(obj):
    """(address, line) as llvm-dwarfdump understands an object's table."""
    for version in (19, 20, 21, 18, 17, 16):
        tool = 'llvm-dwarfdump-%d' % version
        if shutil.which(tool):
            text = subprocess.run([tool, '--debug-line', obj], check=True,
                                  stdout=subprocess.PIPE, text=True).stdout
            rows = re.findall(r'^0x([0-9a-f]+) +([0-9]+) .*$', text, re.M)
            ends = re.findall(r'^0x([0-9a-f]+) .*end_sequence', text, re.M)
            return [(int(a, 16), int(line)) for a, line in rows], {
                int(a, 16) for a in ends}
    return None, None


def test_lines(rig):
    obj = rig.compile('lines.c', LINES, '-gdwarf-4')
    rows, ends = dwarf_rows(obj)
    if rows is None:
        common.skip('llvm', rig.target.name + ': lines', 'no llvm-dwarfdump')
        return
    p = rig.make('lines.image', 2, 0, obj)
    shown, p = rig.show('lines.image') if p.returncode == 0 else ([], p)
    base = min([int(r[1]) for r in shown if r[0] == 'code'] or [0])
    got = [(int(r[1]), int(r[2])) for r in shown if r[0] == 'line']
    last = {base + a: line for a, line in rows if a not in ends}
    begins = {int(r[1]) for r in shown if r[0] == 'code'}
    want = []
    for row in sorted(last.items()):
        if not want or want[-1][1] != row[1] or row[0] in begins:
            want.append(row)
    rig.ok(got == want and len({line for _, line in want}) > 6,
           'each instruction has the offset that the compiler said', p)


def refused(rig, name, p, sentence):
    """Not only that: why is said, and no signal ended it."""
    rig.ok(p.returncode == 1 and re.search(sentence, p.stderr),
           'refused: ' + name, p)


C_REFUSED = (
    ('what nobody defines', 'long other(void); long f0(void) '
     '{ return other() + 1; }', 'refers to other, which no object defines'),
    ('a symbol behind a GOT', 'long f1(void); void *f0(void) '
     '{ return (void *)f1; } long f1(void) { return 1; }', 'GOT'),
    ('writable data', 'static long n; long f0(void) { return ++n; }',
     'writable data'),
    ('a table of addresses', 'static long a, b; '
     'static long *const table[] = {&a, &b}; '
     'long *f0(long i) { return table[i]; }', 'writable data'),
    ('thread-local data', 'static __thread long n; '
     'long f0(void) { return ++n; }', 'writable data'),
    ('a function that is missing', 'long f1(void) { return 1; }',
     'no object defines f0'),
    ('a function that the module does not have', 'long f7(void) '
     '{ return 1; }', 'f7: the module defines'),
    ('a type that the module does not have', 'long f0(void) { return 1; } '
     'long enter3(void) { return 1; }', 'enter3: the module has'),
)


def test_refused(rig):
    one = 'long f0(void) { return 1; }'
    for i, (name, text, sentence) in enumerate(C_REFUSED):
        obj = rig.compile('refused%d.c' % i, text)
        refused(rig, name, rig.make('refused.image', 2 if 'f1' in text else 1,
                                    1, obj), sentence)
    obj = rig.compile('one.c', one)
    refused(rig, 'a function twice', rig.make('refused.image', 1, 1, obj, obj),
            'defines f0 a second time')
    refused(rig, 'an import that is defined',
            rig.make('refused.image', 2, 1, obj, imported=1), 'f0: the module')
    obj = rig.compile('five.c', one, '-gdwarf-5')
    refused(rig, 'lines that are not DWARF 4',
            rig.make('refused.image', 1, 1, obj), 'DWARF 4')
    other = 'x86_64-linux-gnu'
    if rig.target.triple == other:
        other = 'aarch64-linux-gnu'
    obj = rig.compile('other-machine.c', one, '--target=' + other)
    refused(rig, 'an object of another machine',
            rig.make('refused.image', 1, 1, obj), 'is for machine')
    refused(rig, 'what is no object',
            rig.make('refused.image', 1, 1, rig.path('one.c')), 'ELF')


def test_damaged_objects(rig):
    """Cut anywhere, an object is refused: its section headers come last."""
    with open(rig.compile('throw-cut.ll', throw_ir(rig.target)), 'rb') as f:
        whole = f.read()
    names = []
    for length in range(1, len(whole), 101):
        names.append(rig.path('cut%d.o' % length))
        with open(names[-1], 'wb') as f:
            f.write(whole[:length])
    results = [rig.make('cut.image', 4, 1, name) for name in names]
    bad = [p for p in results
           if p.returncode != 1 or not p.stderr.startswith('link: object 1')]
    rig.ok(len(results) > 10 and not bad, 'refused: objects that end early',
           bad[0] if bad else None)


def tool(rig, *command):
    if not shutil.which(command[0]):
        common.skip(command[0], rig.target.name + ': ' + command[0],
                    'no ' + command[0])
        return None
    return subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)


def test_people(rig):
    """The names are those of link-test, whose line feed is no letter."""
    image = rig.path('-O2.image')
    at, _ = rig.show('-O2.image')
    f1 = {r[0]: int(r[1]) for r in at}['f1']
    p = tool(rig, 'readelf', '-aW', '--debug-dump=frames', image)
    if p:
        rig.ok(p.returncode == 0 and not p.stderr and
               'DYN' in p.stdout and 'FUNC' in p.stdout and
               'name_of_2' in p.stdout, 'readelf has nothing to say of it', p)
    p = tool(rig, 'readelf', '-lW', image)
    if p:
        rig.ok('GNU_EH_FRAME' in p.stdout, 'it has an index of frames', p)
    p = tool(rig, 'nm', image)
    names = dict((name, int(value, 16)) for value, name in
                 re.findall(r'^([0-9a-f]+) t (\S+)$', p.stdout, re.M)
                 ) if p else {}
    if p:
        rig.ok(set(names) == {'name_of_0', 'name_of_1', 'name_of_2',
                              'constant', 'enter1', 'scale'},
               'each function has a name', p)
    p = tool(rig, 'gdb', '-nx', '-batch', '-ex',
             'add-symbol-file %s 0x7000000' % image, '-ex',
             'info symbol %#x' % (0x7000000 + f1 + 1))
    if p:
        rig.ok('name_of_1 + 1 in section .text' in p.stdout,
               'gdb finds a function', p)


GDB = '''set confirm off
break aot_throw_from
run
python
maps = open('/proc/%d/maps' % gdb.selected_inferior().pid).read()
code = [m for m in maps.splitlines() if '.image' in m and 'r-xp' in m][0]
gdb.execute('add-symbol-file @IMAGE@ 0x' + code.split('-')[0])
end
backtrace
kill
'''


def test_gdb(rig):
    """Its frames are ours: the names are link-test's."""
    if rig.target.name != os.uname().machine.replace('_', '-'):
        return
    image, script = rig.path('throw-O2.image'), rig.path('script.gdb')
    with open(script, 'w', encoding='utf-8') as f:
        f.write(GDB.replace('@IMAGE@', image))
    p = tool(rig, 'gdb', '-nx', '-batch', '-x', script, '--args',
             *rig.target.link_test, 'throw', image, '1', '3')
    if not p:
        return
    frames = re.findall(r'^#\d+ +(?:0x\w+ in )?(\w+)', p.stdout, re.M)
    want = ['aot_throw'] + ['name_of_0'] * 4 + ['name_of_1', 'enter0']
    first = frames.index('aot_throw') if 'aot_throw' in frames else 0
    rig.ok(frames[first:first + len(want)] == want and
           len(frames) > first + len(want),
           "gdb walks an image's frames, and those around", p)


def documented_header():
    """{field: (offset, bytes)} of docs/wasm.md's table."""
    with open(os.path.join(common.ROOT, 'docs', 'wasm.md'),
              encoding='utf-8') as f:
        text = f.read().split('## The image file')[1].split('\n## ')[0]
    return {field: (int(at), int(size)) for at, size, field in
            re.findall(r'^\| (\d+) \| (\d+) \| (.*) \|$', text, re.M)}


def test_documented(rig):
    """Read with nothing but the document."""
    fields = documented_header()
    with open(rig.path('-O2.image'), 'rb') as f:
        image = f.read()

    def get(name):
        found = [v for k, v in fields.items() if k.startswith(name)]
        at, size = found[0]
        return image[4096 + at:4096 + at + size]

    def number(data):
        return int.from_bytes(data, 'little')

    def part(name):
        at, size = number(get(name)[:8]), number(get(name)[8:])
        return image[at:at + size]

    ends = [a + n for a, n in fields.values()]
    begins = [a for a, _ in fields.values()] + [ends[-1]]
    at = 4096 + fields['SHA-256 of the file with these 32 bytes zero'][0]
    whole = image[:at] + bytes(32) + image[at + 32:]
    module = part('`module`')
    entries = struct.unpack('<5I', part('`entries`'))
    funcs = list(struct.iter_unpack('<5I', part('`funcs`')))
    shown, p = rig.show('-O2.image')
    rig.ok(begins == [0] + ends and get('`hull-aot`') == b'hull-aot' and
           number(get('size of the file')) == len(image) and
           number(get('functions')) == 3 and number(get('types')) == 2 and
           module == b'\0asm\1\0\0\0' and
           get('SHA-256 of the module') == hashlib.sha256(module).digest() and
           get('SHA-256 of the file') == hashlib.sha256(whole).digest() and
           list(entries) == [int(r[1]) for r in shown if len(r) == 2] and
           [f[0] for f in funcs] == [int(r[1]) for r in shown
                                     if r[0] == 'code'],
           'the format is as docs/wasm.md says', p)


def test_same(rig):
    """What a cache keeps must not depend on when it was made, or on what
    machine."""
    images = []
    for command in (rig.target.link_test, [common.program('link-test')]):
        name = rig.path('same.image')
        subprocess.run(command + ['make', name, rig.target.cpu, '0', '3', '2',
                                  rig.path('calls.o'), rig.path('other.o')],
                       check=True)
        with open(name, 'rb') as f:
            images.append(f.read())
    rig.ok(images[0] == images[1] and len(images[0]) > 4096 * 5,
           'the same objects make the same image')


def test_engine_id():
    """A layout that is not part of the engine's number would change without
    that old images notice."""
    source = os.path.join(common.ROOT, 'src', 'wasm')
    with open(os.path.join(source, 'aot_engine.c'), encoding='utf-8') as f:
        hashed = set(re.findall(r'AT\(\w+, (?:\w+\.)?(\w+)\)', f.read()))
    marked = set()
    for name in os.listdir(source):
        if not name.endswith('.h') or name.startswith('aot'):
            continue
        with open(os.path.join(source, name), encoding='utf-8') as f:
            text = f.read()
        for mark in re.finditer(r'/\* \[aot\]', text):
            line = text[text.rfind('\n', 0, mark.start()):mark.start()]
            line += '' if ';' in line else text[mark.end():]
            marked.add(re.search(r'(\w+)(?:\[\d+\])?;', line)[1])
    missing = sorted(marked - hashed)
    common.ok(len(marked) > 10 and not missing,
              'the engine id covers each member marked [aot]' +
              (': not ' + ' '.join(missing) if missing else ''))


def run(target):
    clang = find_clang()
    if not clang:
        common.skip('clang', target.name + ': images', 'no clang')
        return
    with tempfile.TemporaryDirectory(prefix='hull-link-') as tmp:
        rig = Rig(target, clang, tmp)
        test_calls(rig, '-O2')
        test_calls(rig, '-O0', optimize='-O0')
        test_calls(rig, 'function sections', '-ffunction-sections')
        test_tables(rig)
        test_documented(rig)
        test_same(rig)
        test_people(rig)
        test_steps(rig)
        test_lines(rig)
        test_throw(rig, '-O0')
        test_throw(rig, '-O2')
        test_gdb(rig)
        test_refused(rig)
        test_damaged_objects(rig)


def main():
    test_engine_id()
    target = native()
    if not target:
        common.skip('aot', 'images', 'not for this architecture')
    else:
        run(target)
    common.done()


if __name__ == '__main__':
    main()
