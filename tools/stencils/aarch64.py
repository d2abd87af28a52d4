# SPDX-License-Identifier: Apache-2.0
"""aarch64: registers and branches in the encoding of instructions, relocations, exits.

All instructions are words, and registers five bits of them at 0, 5, 10 or 16. Which of those are the
operands' is asked of the disassembler: those whose change changes the operand's name in its text, and
nothing else. A hole is (offset, shift, role).

Forms: 16 bits of immediates, 32, and 64; the latter also reaches 128 MB with its conditional branches
instead of 1 MB. That of 32 is that of 64 less the moves of the upper half.

The return address comes in x30. FRAME puts it on the guest stack, returns and tail calls take it off.
"""
import ctypes
import random
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from .object import Instruction, enter_section
from .util import ROOT, fail, run

NAME = "aarch64"
FORMS = ["16", "32", "64"]
FAR = "64"  # the form whose branches reach everything
EMULATOR = "qemu-aarch64"
HEADERS = "/usr/aarch64-linux-gnu/include"  # Debian's libc6-dev-arm64-cross
FLAGS = """--target=aarch64-linux-gnu -nostdlibinc -std=gnu11 -D_GNU_SOURCE -O2 -march=armv8-a
-fno-strict-aliasing -fomit-frame-pointer -fno-stack-protector -fno-math-errno -DNDEBUG -DWX_STENCIL -fno-pic
-ffunction-sections -fno-jump-tables -fno-asynchronous-unwind-tables -mno-outline-atomics -Wall -Wextra
-Wno-unused-parameter -Wno-uninitialized -Xclang -no-enable-noundef-analysis -ffp-contract=off
-Isrc -Iinclude""".split() + ["-isystem", HEADERS]

# Operands by register: in the state of the bodies, and those a hole is tried with. No two are neighbours.
ROLES = {"gpr": [24, 25, 26], "vec": [0, 1, 2]}
OTHERS = {"gpr": [9, 6, 12], "vec": [22, 17, 27]}
# Locals are in x28, x0, x1, x2 and v3 to v7; x18 is the platform's, x29 and x30 are the stack's.
FORBIDDEN = {("gpr", n) for n in (28, 0, 1, 2, 18, 29, 30)} | {("vec", n) for n in range(3, 8)}
SHIFTS = (0, 5, 10, 16)
SP_PUSH, SP_POP = 0xf81f0ffe, 0xf84107fe  # str x30, [sp, #-16]! and ldr x30, [sp], #16
RET = 0xd65f03c0
BR, BLR = 0xd61f0000, 0xd63f0000
ADRP, LDR = 0x90000010, 0xf9400210  # x16 from [x16]
R3 = 27


def words(*values):
    return struct.pack(f"<{len(values)}I", *values)


# -------- compiling and reading --------

def compile(clang, form, tmp):
    if not Path(HEADERS).is_dir():
        fail("all", f"no {HEADERS}: install libc6-dev-arm64-cross")
    bits = "16" if form == "16" else "64"
    path = f"{tmp}/aarch64-{bits}.o"
    if not Path(path).exists():
        run(clang, *FLAGS, f"-DWX_STENCIL_BITS={bits}", "-c", "src/engine/ops/bodies.c", "-o", path)
    return path


def wider(name):
    return True


def parse(path, form):
    functions, opened, name = {}, set(), None
    for line in run("llvm-objdump-19", "-dr", path).splitlines():
        if line.startswith("Disassembly of section"):
            name = enter_section(line, functions, opened)
            continue
        if not name:
            continue
        m = re.match(r"^\s*([0-9a-f]+): ([0-9a-f]{8})\s+(.*)$", line)
        if m:
            raw = words(int(m.group(2), 16))
            functions[name].append(Instruction(int(m.group(1), 16), raw, m.group(3), []))
            continue
        m = re.match(r"^\s+[0-9a-f]+:\s+R_AARCH64_(\w+)\t(.*?)([-+]0x[0-9a-f]+)?$", line)
        if m:
            addend = int(m.group(3), 16) if m.group(3) else 0
            functions[name][-1].relocs.append([0, m.group(1), m.group(2), addend])
    if form == "32":
        for instrs in functions.values():
            for ins in instrs:
                narrow(ins)
    return functions, opened


def narrow(ins):
    """Makes an instruction of the form of 64 bits one of 32: two moves less, the second must fit."""
    for r in ins.relocs:
        if r[1] in ("MOVW_UABS_G2_NC", "MOVW_UABS_G3"):
            if word_of(ins.raw) >> 23 & 0xff != 0xe5:  # movk: what came before stays
                fail("all", f"no form of 32 bits: {ins.text}")
            ins.text = "nop"
        elif r[1] == "MOVW_UABS_G1_NC":
            r[1] = "MOVW_UABS_G1"


# -------- control --------

def word_of(raw):
    return struct.unpack("<I", raw)[0]


def branch_field(word):
    """Bits of the displacement of a conditional branch and where they are; None: it is none."""
    if word & 0xff000010 == 0x54000000 or word & 0x7e000000 == 0x34000000:
        return 19, "CONDBR19"
    if word & 0x7e000000 == 0x36000000:
        return 14, "TSTBR14"
    return None


def without_target(word):
    field = branch_field(word)
    return word & ~(((1 << field[0]) - 1) << 5) if field else word


def control(name, ins):
    word, text = word_of(ins.raw), ins.text
    if ins.op == "nop":
        return "drop"
    if re.search(r"\bw?sp\b", text) or re.match(r"(bl|blr|br|ret|brk|udf|svc|hlt)\b", text):
        fail(name, f"touches the stack, calls or jumps: {text}")
    if word & 0xfc000000 == 0x14000000:
        if ins.relocs:
            dest = ins.relocs[0][2]
            if not dest.startswith("wx_s_"):
                fail(name, f"jump to {dest}")
            return "jmp", dest[5:]
        return "jmp", target(text)
    if not branch_field(word):
        return None
    if ins.relocs:
        fail(name, f"a conditional branch to a symbol: {text}")
    return "jcc", without_target(word), target(text)


def target(text):
    return int(re.search(r"0x([0-9a-f]+) <", text).group(1), 16)


def open_condition(name, ins, condition, verifier):
    """@return the branch without its destination, and its holes"""
    if verifier:
        raw, _, holes = verifier.open(name, Instruction(ins.at, words(condition), ins.text, []))
        return word_of(raw), tuple(holes)
    return condition, ()


def inverse(condition):
    word, holes = condition
    return word ^ (1 if word >> 24 == 0x54 else 1 << 24), holes


def prologue(name):
    return words(SP_PUSH) if name == "FRAME" else b""


def exit_code(dest):
    """@return code and relocations of a way out"""
    if dest == "ret":
        return words(SP_POP, RET), []
    if dest == "address":
        return words(BR | R3 << 5), []
    if dest == "call_address":
        return words(BLR | R3 << 5), []
    if dest == "tail_address":
        return words(SP_POP, BR | R3 << 5), []
    start = [SP_POP] if dest == "tail_callee" else []
    at = 4 * len(start)
    what = ("ENTRY", "") if dest in ("callee", "tail_callee") else ("THUNK", dest)
    return (words(*start, ADRP, LDR, (BR if start else BLR) | 16 << 5),
            [[at, *what, 0, "ADR_PREL_PG_HI21"], [at + 4, *what, 0, "LDST64_ABS_LO12_NC"]])


def is_over_jump(condition, is_long, far):
    """Whether it takes a branch around one that reaches: bit tests go 32 KB, others 1 MB."""
    return condition and is_long and (far or branch_field(condition[0])[1] == "TSTBR14")


def jump_size(condition, is_long, far):
    return 8 if is_over_jump(condition, is_long, far) else 4


def reaches(disp):
    return True  # no stencil is that long


def jump(condition, disp, is_long, far):
    """@return code, relocations as (offset, addend, field), holes. disp: from the start; None: filled in"""
    if not condition:
        if disp is not None:
            return words(0x14000000 | disp >> 2 & 0x3ffffff), [], []
        return words(0x14000000), [(0, 0, "JUMP26")], []
    if is_over_jump(condition, is_long, far):
        word, holes = inverse(condition)
        return words(word | 2 << 5, 0x14000000), [(4, 0, "JUMP26")], holes
    word, holes = condition
    bits, field = branch_field(word)
    if disp is None:
        return words(word), [(0, 0, field)], holes
    return words(word | (disp >> 2 & (1 << bits) - 1) << 5), [], holes


# -------- registers --------

def moved_hole(hole, by):
    return (hole[0] + by, *hole[1:])


def named_registers(text):
    found = {("gpr", int(n)) for n in re.findall(r"\b[wx](\d+)\b", text)}
    return found | {("vec", int(n)) for n in re.findall(r"\b[bhsdqv](\d+)\b", text)}


def disassemble(clang, values, tmp):
    """The text of each word, as if it were alone."""
    source, path = Path(f"{tmp}/words.s"), f"{tmp}/words.o"
    source.write_text("".join(f".inst {v:#x}\n" for v in values))
    run(clang, "--target=aarch64-linux-gnu", "-c", str(source), "-o", path)
    out = []
    for line in run("llvm-objdump-19", "-d", "-M", "no-aliases", path).splitlines():
        m = re.match(r"^\s*[0-9a-f]+: [0-9a-f]{8}\s+(.*)$", line)
        if m:
            out.append(re.sub(r"\s+", " ", re.sub(r"\s*//.*| <.*>$", "", m.group(1))))
    if len(out) != len(values):
        fail("all", "the disassembler lost an instruction")
    return out


def renamed(text):
    """The text with each operand's register replaced by the one a hole is tried with."""
    def other(m):
        file = "gpr" if m.group(1) in "wx" else "vec"
        n = int(m.group(2))
        return m.group(1) + str(OTHERS[file][ROLES[file].index(n)] if n in ROLES[file] else n)
    return re.sub(r"\b([wxbhsdqv])(\d+)\b", other, text)


class Verifier:
    """Finds the holes of instructions."""

    def __init__(self):
        self.holes = {}  # word: (shift, role) of each, None if it has to be a WX_BODY_AT

    def prepare(self, objects, clang, tmp):
        """Tries every instruction of the bodies with other registers in all places they could be."""
        every = {without_target(word_of(ins.raw)) for obj in objects for name in obj.open
                 for ins in obj.functions[name]}
        tries = [(word, holes) for word in sorted(every) for holes in self.candidates(word)]
        texts = disassemble(clang, [self.tried(*t) for t in tries], tmp)
        wanted = {}
        for (word, holes), text in zip(tries, texts):
            text = re.sub(r", 0x[0-9a-f]+$", "", text) if branch_field(word) or "adr" in text else text
            if not holes:
                wanted[word] = renamed(text)
                if text == wanted[word]:
                    self.holes[word] = []
            elif word not in self.holes and text == wanted[word]:
                self.holes[word] = [(shift, role) for shift, role, _ in holes]

    @staticmethod
    def candidates(word):
        """All ways to take its fields for registers; none of them first."""
        found = [()]
        for shift in SHIFTS:
            n = word >> shift & 31
            here = [(shift, base + ROLES[file].index(n), OTHERS[file][ROLES[file].index(n)])
                    for base, file in ((0, "gpr"), (3, "vec")) if n in ROLES[file]]
            found += [f + (h,) for f in found for h in here]
        return found

    @staticmethod
    def tried(word, holes):
        for shift, _, other in holes:
            word = word & ~(31 << shift) | other << shift
        return word

    def open(self, name, ins):
        """@return bytes with the operands' registers out, relocations, holes"""
        word, named = word_of(ins.raw), named_registers(ins.text)
        if named & FORBIDDEN or self.holes.get(word) is None:
            fail(name, f"registers of its own, it must be a WX_BODY_AT: {ins.text}")
        holes = []
        for shift, role in self.holes[word]:
            word &= ~(31 << shift)
            holes.append((0, shift, role))
        return words(word), ins.relocs, holes

    @staticmethod
    def run(table, clang, tmp):
        """@return what was checked"""
        return check_relocations(table, clang, tmp)


# -------- rows of the table --------

def reloc_row(table, obj, name, reloc):
    part, off, kind, sym, addend, *field = reloc
    if field:
        arg = table.thunk(sym) if kind == "THUNK" else 0
        return part, off, f"WX_SR_{kind}", arg, addend, field[0]
    if sym.startswith("wx_hole_"):
        hole = "ABCDE".index(sym[8:])
        if kind == "ADD_ABS_LO12_NC":
            kind = "IMM12"
        elif not kind.startswith("MOVW_UABS"):
            fail(name, f"relocation {kind} of a hole")
        return part, off, "WX_SR_IMM64", hole, addend, kind
    if kind == "ADR_PREL_PG_HI21" or re.match(r"LDST\d+_ABS_LO12_NC", kind):
        if sym.startswith("wx_pool_"):
            return part, off, "WX_SR_CONST", int(sym[-1]) | (16 if "_V_" in sym else 0), addend, kind
        if sym.startswith((".rodata", ".LCPI")):
            return part, off, "WX_SR_POOL", 0, table.constant(obj.constant(sym, addend)), kind
    return fail(name, f"relocation {kind} against {sym}")


def is_quick(reloc):
    """None: fields of instructions are not whole words."""
    return False


def is_target(reloc):
    """None: these, too, are fields."""
    return False


def text_of_reloc(r):
    return f"{{{r[1]},{r[2]}{'|WX_SR_IN_COLD' if r[0] else ''},{r[3]},{r[4]},WX_A64_{r[5]}}},"


def hole_row(name, part, hole):
    at, shift, role = hole
    if at > 4 * 255:
        fail(name, "a register too far behind the start")
    return part, at // 4, 0, role * 4, shift


def text_of_hole(h):
    return "{" + ",".join(map(str, h[1:])) + "},"


def check_text(text, clang):
    """The table compiles as what stencil.c makes of it there; its stencils run, in an emulator."""
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(f"{tmp}/engine/jit/stencils_aarch64.inc")
        path.parent.mkdir(parents=True)
        path.write_text(text)
        run(clang, *FLAGS, "-Wconversion", "-Werror", f"-I{tmp}", "-fsyntax-only", "src/engine/jit/stencil.c")
        if not shutil.which(EMULATOR):
            print(f"not run: there is no {EMULATOR} (Debian's qemu-user)")
            return
        run(clang, *FLAGS, "-O1", "-UWX_STENCIL", "-fno-builtin", "-Werror", f"-I{tmp}", "-static", "-nostdlib",
            "-fuse-ld=lld", "tests/aarch64/stencils.c", "src/engine/jit/stencil.c", "-o", f"{tmp}/stencils")
        done = subprocess.run([EMULATOR, f"{tmp}/stencils"], stdout=subprocess.PIPE, text=True)
        print(done.stdout, end="")
        if done.returncode:
            fail("all", f"stencils are wrong (status {done.returncode})")


# -------- relocations filled and read again --------

class Patch:
    """The engine's own function that fills a field, built for this machine."""

    def __init__(self, clang, tmp):
        source, path = Path(f"{tmp}/patch.c"), f"{tmp}/patch.so"
        names = '#define N(NAME, CLASS, SHIFT) #NAME,\n'
        source.write_text(
            '#include "engine/jit/patch_aarch64.h"\n' + names +
            'const char *const names[] = {WX_A64_FIELDS(N) 0};\n'
            '_Bool patch(uint8_t *p, int f, uint64_t at, uint64_t v)\n'
            '{ return wx_patch_aarch64(p, (enum wx_a64_field)f, at, v); }\n')
        run(clang, "-O1", "-shared", "-fPIC", "-nostdlib", f"-I{ROOT}/src", f"-I{ROOT}/include", str(source),
            "-o", path)
        library = ctypes.CDLL(path)
        self.patch = library.patch
        self.patch.restype = ctypes.c_bool
        self.patch.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64]
        table = (ctypes.c_char_p * 64).in_dll(library, "names")
        self.fields = {}
        while table[len(self.fields)]:
            self.fields[table[len(self.fields)].decode()] = len(self.fields)

    def __call__(self, word, field, place, value):
        """@return the patched word; None: the value does not fit"""
        buffer = ctypes.create_string_buffer(words(word), 4)
        if not self.patch(buffer, self.fields[field], place, value):
            return None
        return word_of(buffer.raw)


REACH = {"JUMP26": 1 << 27, "CONDBR19": 1 << 20, "TSTBR14": 1 << 15, "ADR_PREL_PG_HI21": 1 << 32}


def values_for(field, place, rng):
    """Values that fit, the extreme ones among them, and values that do not."""
    if field in REACH:
        reach, unit = REACH[field], 4096 if field.startswith("ADR") else 4
        base = place & -unit
        good = [base - reach, base + reach - unit, base, base + rng.randrange(-reach, reach, unit)]
        good[2:] = [v + rng.randrange(4096) if unit == 4096 else v for v in good[2:]]
        return good, [base - reach - unit, base + reach] + ([base + 2] if unit == 4 else [])
    m = re.match(r"LDST(\d+)", field)
    if m:
        unit = int(m.group(1)) // 8
        return [0, 4096 * 7 - unit, rng.randrange(0, 1 << 40, unit)], [unit // 2] if unit > 1 else []
    if field == "IMM12":
        return [0, 4095, rng.randrange(4096)], [4096, 1 << 63]
    m = re.match(r"MOVW_UABS_G(\d)(_NC)?$", field)
    limit = 1 << 16 * (int(m.group(1)) + 1)
    full = (1 << 64 if m.group(2) else limit) - 1
    return [0, full, rng.randrange(full)], [limit, 1 << 63] if full < (1 << 64) - 1 else []


def read_back(field, text, at, place):
    """@return what the disassembly says of the field, and the text without it"""
    if field in REACH:
        m = re.search(r", 0x([0-9a-f]+)$|(?<=^b )0x([0-9a-f]+)$|(?<= )0x([0-9a-f]+)$", text)
        shown = int(next(g for g in m.groups() if g), 16)
        return (shown - at + place) % (1 << 64) if field[0] != "A" else \
            (shown - (at & -4096) + (place & -4096)) % (1 << 64), text[:m.start()]
    if field.startswith("MOVW"):
        m = re.search(r", #(-?0x[0-9a-f]+)(, lsl #(\d+))?$", text)
        value = int(m.group(1), 0) << int(m.group(3) or 0)
        return value % (1 << 64), text[:m.start()].replace("movz", "mov")
    if field == "IMM12":
        m = re.search(r", #(0x[0-9a-f]+|\d+)$", text)
        return int(m.group(1), 0), text[:m.start()]
    m = re.search(r"(, #(0x[0-9a-f]+|\d+))?\]$", text)
    return int(m.group(2) or "0", 0), text[:m.start()]


def part_meant(field, value):
    """What of a value the field holds."""
    if field.startswith("ADR"):
        return (value & -4096) % (1 << 64)
    if field.startswith("LDST"):
        return value & 4095
    m = re.match(r"MOVW_UABS_G(\d)", field)
    if m:
        return value & 0xffff << 16 * int(m.group(1))
    return value % (1 << 64)


def sites_of(table):
    """Every word of the table with holes or relocations: word without registers, holes, fields."""
    sites = set()
    for first, reloc_at, hole_at, hot, _, _, _, n_relocs, n_holes, n_cold, _ in table.stencils[1:]:
        holes, fields = {}, {}
        for part, at, _, where, shift in table.holes[hole_at:hole_at + n_holes + n_cold]:
            holes.setdefault(4 * at + (hot if part else 0), []).append((shift, where // 4))
        for part, off, *_, field in table.relocs[reloc_at:reloc_at + n_relocs]:
            fields.setdefault(off + (hot if part else 0), []).append(field)
        for at in holes.keys() | fields.keys():
            word, = struct.unpack_from("<I", table.bytes, first + at)
            sites.add((word, tuple(holes.get(at, ())), tuple(fields.get(at, ()))))
    return sorted(sites)


def filled(word, holes, registers):
    for shift, role in holes:
        word |= registers["gpr" if role < 3 else "vec"][role % 3] << shift
    return word


def check_holes(sites, clang, tmp):
    """The holes as the table has them, filled with other registers, change these and nothing else."""
    own = disassemble(clang, [filled(w, h, ROLES) for w, h, _ in sites], tmp)
    other = disassemble(clang, [filled(w, h, OTHERS) for w, h, _ in sites], tmp)
    for (_, holes, _), a, b in zip(sites, own, other):
        if holes and renamed(a) != b:
            fail("all", f"a hole is wrong: {a} became {b}")


def check_relocations(table, clang, tmp):
    """Each field of each stencil: filled by the engine's function, it says what was asked."""
    patch, rng, cases, refused = Patch(clang, tmp), random.Random(1), [], 0
    place = 0x7f1234560000
    sites = sites_of(table)
    check_holes(sites, clang, tmp)
    for word, field in [(filled(w, h, ROLES), f) for w, h, fields in sites for f in fields]:
        good, bad = values_for(field, place, rng)
        for value in bad:
            if patch(word, field, place, value % (1 << 64)) is not None:
                fail("all", f"{field} took {value:#x} at {place:#x}, which does not fit")
            refused += 1
        for value in good:
            new = patch(word, field, place, value % (1 << 64))
            if new is None:
                fail("all", f"{field} refused {value:#x} at {place:#x}")
            cases.append((field, word, value, new))
    before = disassemble(clang, [c[1] for c in cases], tmp)
    after = disassemble(clang, [c[3] for c in cases], tmp)
    for i, (field, word, value, _) in enumerate(cases):
        want, rest = part_meant(field, value), read_back(field, before[i], 4 * i, place)[1]
        if read_back(field, after[i], 4 * i, place) != (want, rest):
            fail("all", f"{field} of {before[i]} with {value:#x} became {after[i]}")
    return (f"{len(sites)} different instructions with holes or relocations: {len(cases)} fillings read back, "
            f"{refused} values that do not fit refused")
