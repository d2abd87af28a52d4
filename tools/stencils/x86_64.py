# SPDX-License-Identifier: Apache-2.0
"""x86-64: registers in the encoding of instructions, relocations, jumps.

Registers of operands become holes: every instruction that names one is found out by decoding it, and
gets a REX prefix to have room for all sixteen. A body whose instructions use registers they do not name
is refused: it has to be a WX_BODY_AT. What the holes do is checked by filling them with other registers
and disassembling that.

A hole is (offset, shift, offset of the prefix or None, bit of the prefix, role).
"""
import re
import struct
from pathlib import Path

from .object import Instruction, enter_section
from .util import fail, run

NAME = "x86_64"
FORMS = ["32", "64"]  # bits of immediates
FAR = None  # branches reach everything
FLAGS = """-std=gnu11 -D_GNU_SOURCE -O2 -fno-strict-aliasing -fomit-frame-pointer -fno-stack-protector
-fno-math-errno -DNDEBUG -march=x86-64-v2 -DWX_STENCIL -fno-pic -ffunction-sections -fno-jump-tables
-fno-asynchronous-unwind-tables -fcf-protection=none -mno-red-zone -Wall -Wextra
-Wno-unused-parameter -Wno-uninitialized -Xclang -no-enable-noundef-analysis
-ffp-contract=off""".split()

WIDE = re.compile(r"^I64_.*_(RC|LC)_\d$|^F64_STORE_(RC|LC)_\d$|^CONST_[rS]|^BR_TABLE|_K\d*_\d$"
                  r"|^CALL_INDIRECT|^TAIL_CALL_INDIRECT|^HELPER|^FUEL")

# Exits through the address in rcx (r3 of the state).
THROUGH_RCX = {"address": b"\xff\xe1", "tail_address": b"\xff\xe1", "call_address": b"\xff\xd1"}
INVERSE = {"o": "no", "b": "ae", "e": "ne", "be": "a", "s": "ns", "p": "np", "l": "ge", "le": "g"}
INVERSE.update({v: k for k, v in INVERSE.items()})
CC = {"o": 0, "no": 1, "b": 2, "ae": 3, "e": 4, "ne": 5, "be": 6, "a": 7, "s": 8, "ns": 9, "p": 10,
      "np": 11, "l": 12, "ge": 13, "le": 14, "g": 15}


# -------- compiling and reading --------

def compile(clang, form, tmp):
    path = f"{tmp}/x86_64-{form}.o"
    model = ["-mcmodel=medium", "-mlarge-data-threshold=0", "-DWX_STENCIL_WIDE"] if form == "64" else []
    run(clang, *FLAGS, *model, "-Isrc", "-Iinclude", "-c", "src/engine/ops/bodies.c", "-o", path)
    return path


def wider(name):
    return WIDE.search(name)


def parse(path, form):
    functions, opened, name = {}, set(), None
    for line in run("objdump", "-dr", "-w", path).splitlines():
        if line.startswith("Disassembly of section"):
            name = enter_section(line, functions, opened)
            continue
        more = re.match(r"^\t+([0-9a-f]+: R_X86_64_.*)$", line)
        if name and more:  # a second relocation of the instruction before
            last = functions[name][-1]
            last.relocs += parse_relocs(more.group(1), last.at)
            continue
        m = re.match(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)$", line)
        if not name or not m:
            continue
        at, rest = int(m.group(1), 16), m.group(3)
        functions[name].append(Instruction(at, bytes.fromhex(m.group(2)), rest.split("\t")[0],
                                           parse_relocs(rest, at)))
    return functions, opened


def parse_relocs(text, at):
    relocs = []
    for off, kind, sym in re.findall(r"([0-9a-f]+): R_X86_64_(\w+)\t(\S+)", text):
        m = re.match(r"^(.*?)([-+]0x[0-9a-f]+)?$", sym)
        addend = int(m.group(2), 16) if m.group(2) else 0
        relocs.append([int(off, 16) - at, kind, m.group(1), addend])
    return relocs


# -------- control --------

def control(name, ins):
    op, text = ins.op or "nop", ins.text
    if re.search(r"%[er]?sp\b|%spl\b", text) or op in ("push", "pop", "call", "callq", "ret", "retq",
                                                    "leave", "ud2", "ud1", "int3"):
        fail(name, f"touches the stack or calls: {text}")
    if re.search(r"\bnop[wl]?\b", text) or op == "xchg" and "%ax,%ax" in text:
        return "drop"
    if not op.startswith("j"):
        return None
    if "*" in text:
        fail(name, f"an indirect jump: {text}")
    if ins.relocs:
        dest = ins.relocs[0][2]
        if not dest.startswith("wx_s_"):
            fail(name, f"jump to {dest}")
        dest = dest[5:]
    else:
        dest = int(text.split()[1], 16)
    return ("jmp", dest) if op == "jmp" else ("jcc", op[1:], dest)


def open_condition(name, ins, condition, verifier):
    return condition


def inverse(condition):
    return INVERSE[condition]


def prologue(name):
    return b""


def exit_code(dest):
    """@return code and relocations of a way out"""
    if dest == "ret":
        return b"\xc3", []
    if dest in THROUGH_RCX:
        return THROUGH_RCX[dest], []
    code = b"\xff\x25\0\0\0\0" if dest == "tail_callee" else b"\xff\x15\0\0\0\0"
    if dest in ("callee", "tail_callee"):
        return code, [[2, "ENTRY", "", -4]]
    return code, [[2, "THUNK", dest, -4]]


def jump_size(condition, is_long, far):
    return (6 if condition else 5) if is_long else 2


def reaches(disp):
    """A short jump that ends so many bytes before its destination."""
    return -128 <= disp <= 127


def jump(condition, disp, is_long, far):
    """@return code, relocations as (offset, addend), holes. disp: from the start; None: to be filled in"""
    size = jump_size(condition, is_long, far)
    if not is_long:
        return bytes([0x70 + CC[condition] if condition else 0xeb]) + struct.pack("<b", disp - size), [], []
    code = bytes([0x0f, 0x80 + CC[condition]]) if condition else b"\xe9"
    if disp is not None:
        return code + struct.pack("<i", disp - size), [], []
    return code + b"\0\0\0\0", [(len(code), -4)], []


# -------- registers --------

# Operands by register: in the state of the bodies, and those a filled hole is tried with.
ROLES = {"gpr": [7, 6, 2], "xmm": [0, 1, 2]}
OTHERS = {"gpr": [8, 0, 11], "xmm": [5, 6, 7]}
FORBIDDEN = {"gpr": {0, 8, 9, 11}, "xmm": {3, 4, 5, 6, 7}}  # locals live there
NAMES = {}
for n, base in enumerate("a c d b sp bp si di".split()):
    pair = (base + "l" if n >= 4 else base + "l", base if n >= 4 else base + "x")
    for text in (pair[0], pair[1], "e" + pair[1], "r" + pair[1]):
        NAMES[text] = ("gpr", n)
for n in range(8, 16):
    for suffix in ("", "d", "w", "b"):
        NAMES[f"r{n}{suffix}"] = ("gpr", n)
for n in range(16):
    NAMES[f"xmm{n}"] = ("xmm", n)

class Encoding:
    """Where an x86-64 instruction names registers: what is needed of the encoding for that."""

    def __init__(self, raw):
        self.raw, at = raw, 0
        while raw[at] in (0x66, 0xf2, 0xf3, 0x2e, 0x3e, 0x26, 0x36, 0xf0):
            at += 1
        self.prefixes = raw[:at]
        self.rex_at = at
        self.rex = raw[at] if raw[at] & 0xf0 == 0x40 else None
        at += self.rex is not None
        self.map = 0
        if raw[at] == 0x0f:
            self.map = {0x38: 2, 0x3a: 3}.get(raw[at + 1], 1)
            at += 1 if self.map == 1 else 2
        self.op, self.op_at = raw[at], at
        self.modrm_at = at + 1 if self.has_modrm() else None

    def has_modrm(self):
        op = self.op
        if self.map == 1:
            return not (0x80 <= op <= 0x8f or 0xc8 <= op <= 0xcf or op in (0x05, 0x0b, 0x31, 0x77, 0xa2))
        if self.map:
            return True
        return (op < 0x40 and op & 7 < 4 or op in (0x63, 0x69, 0x6b, 0xc0, 0xc1, 0xc6, 0xc7, 0xf6, 0xf7,
                                                   0xfe, 0xff) or 0x80 <= op <= 0x8f or 0xd0 <= op <= 0xdf)

    def files(self):
        """Register files of the fields reg and rm, the latter if it is a register."""
        g, x = "gpr", "xmm"
        if self.map == 0 or self.map == 2 and self.op >= 0xf0:
            return g, g
        if self.map == 2:
            return x, x
        if self.map == 3:
            return (x, g) if self.op in (0x14, 0x15, 0x16, 0x17, 0x20, 0x22) else (x, x)
        if self.op in (0x6e, 0x2a, 0xc4) or self.op == 0x7e and 0xf3 not in self.prefixes:
            return x, g
        if self.op in (0x2c, 0x2d, 0x50, 0xd7, 0xc5):
            return g, x
        if 0x40 <= self.op <= 0x4f or 0x90 <= self.op <= 0xc1 and self.op not in (0xae,) or self.op == 0xc3:
            return g, g
        return x, x

    def implicit(self):
        """Uses registers it has no field for, other than cl."""
        if self.map == 0:
            if self.op in (0xf6, 0xf7):
                return self.raw[self.modrm_at] >> 3 & 7 >= 4
            return self.op in (0x98, 0x99) or 0xa4 <= self.op <= 0xaf
        return (self.map == 1 and self.op in (0xa2, 0xb0, 0xb1, 0xc7) or
                self.map == 2 and self.op in (0x10, 0x14, 0x15))

    def fields(self):
        """(file, register, offset of its byte, shift, bit of the prefix)"""
        rex = self.rex or 0
        if self.modrm_at is None:
            if self.map == 0 and 0xb0 <= self.op <= 0xbf or self.map == 1 and 0xc8 <= self.op <= 0xcf:
                return [("gpr", self.op & 7 | (rex & 1) << 3, self.op_at, 0, 0)]
            return []
        modrm = self.raw[self.modrm_at]
        reg_file, rm_file = self.files()
        out = []
        group = self.map == 0 and (0x80 <= self.op <= 0x83 or self.op in (0xc0, 0xc1, 0xc6, 0xc7, 0xf6, 0xf7,
                                                                          0xfe, 0xff)
                                   or 0xd0 <= self.op <= 0xd3)
        group = group or self.map == 1 and (0x71 <= self.op <= 0x73 or self.op == 0xba or
                                            0x90 <= self.op <= 0x9f)
        if not group:
            out.append((reg_file, modrm >> 3 & 7 | (rex >> 2 & 1) << 3, self.modrm_at, 3, 2))
        if modrm >> 6 == 3:
            out.append((rm_file, modrm & 7 | (rex & 1) << 3, self.modrm_at, 0, 0))
        elif modrm & 7 != 4:
            if modrm & 0xc7 != 5:  # not relative to rip
                out.append(("gpr", modrm & 7 | (rex & 1) << 3, self.modrm_at, 0, 0))
        else:
            sib = self.raw[self.modrm_at + 1]
            if not (modrm >> 6 == 0 and sib & 7 == 5):
                out.append(("gpr", sib & 7 | (rex & 1) << 3, self.modrm_at + 1, 0, 0))
            index = sib >> 3 & 7 | (rex >> 1 & 1) << 3
            if index != 4:
                out.append(("gpr", index, self.modrm_at + 1, 3, 1))
        return out

    def open(self, relocs):
        """@return bytes with the operands' registers out, relocations, holes"""
        fields = [f for f in self.fields() if f[1] in ROLES[f[0]]]
        raw, holes = bytearray(self.raw), []
        grow = any(f[0] == "gpr" for f in fields) and self.rex is None
        if grow:
            raw[self.rex_at:self.rex_at] = b"\x40"
        for file, reg, at, shift, bit in fields:
            at += grow
            raw[at] &= ~(7 << shift)
            role = ROLES[file].index(reg)
            holes.append((at, shift, self.rex_at, bit, role) if file == "gpr" else
                         (at, shift, None, 0, 3 + role))
        return bytes(raw), [[r[0] + grow] + r[1:] for r in relocs], holes


def named_registers(text):
    return {NAMES[n] for n in re.findall(r"%(\w+)", text) if n in NAMES}


def moved_hole(hole, by):
    at, shift, rex, bit, role = hole
    return at + by, shift, None if rex is None else rex + by, bit, role


def fill(code, holes, regs):
    code = bytearray(code)
    for at, shift, rex, bit, role in holes:
        n = regs["gpr" if role < 3 else "xmm"][role % 3]
        code[at] |= (n & 7) << shift
        if rex is not None:
            code[rex] |= (n >> 3) << bit
    return bytes(code)


class Verifier:
    """Opens registers; fills all holes with other ones and disassembles both versions."""

    def __init__(self):
        self.cases = []

    def open(self, name, ins):
        """@return bytes with the operands' registers out, relocations, holes"""
        encoding, named = Encoding(ins.raw), named_registers(ins.text)
        if (encoding.implicit() or any(n in FORBIDDEN[file] for file, n in named) or
                re.search(r"%[abcd]h\b", ins.text)):
            fail(name, f"registers of its own, it must be a WX_BODY_AT: {ins.text}")
        found = {(f[0], f[1]) for f in encoding.fields()}
        if named - found - {("gpr", 1)}:  # cl of shifts
            fail(name, f"registers not understood: {ins.text}")
        raw, relocs, holes = encoding.open(ins.relocs)
        if holes:
            self.cases.append((name, fill(raw, holes, ROLES), fill(raw, holes, OTHERS)))
        return raw, relocs, holes

    @staticmethod
    def disassemble(parts, tmp):
        path = f"{tmp}/holes.bin"
        starts, blob = [], b""
        for p in parts:
            starts.append(len(blob))
            blob += p
        Path(path).write_bytes(blob)
        text = {}
        for line in run("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-w", path).splitlines():
            m = re.match(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)$", line)
            if m:
                text[int(m.group(1), 16)] = m.group(3)
        return [text.get(s) for s in starts]

    @staticmethod
    def normal(text, mapping):
        text = re.sub(r"\brex(\.\w+)?\s+", "", text)
        text = re.sub(r"\s+", " ", re.sub(r"\s*#.*", "", text))
        return re.sub(r"%(\w+)", lambda m: str(mapping(NAMES.get(m.group(1), m.group(1)))), text)

    def prepare(self, objects, clang, tmp):
        """Nothing: instructions are decoded one by one."""

    def run(self, table, clang, tmp):
        """@return what was checked"""
        renamed = {(f, a): (f, b) for f in ROLES for a, b in zip(ROLES[f], OTHERS[f])}
        first = self.disassemble([c[1] for c in self.cases], tmp)
        second = self.disassemble([c[2] for c in self.cases], tmp)
        for (name, _, _), a, b in zip(self.cases, first, second):
            if a is None or b is None or (self.normal(a, lambda r: renamed.get(r, r)) !=
                                          self.normal(b, lambda r: r)):
                fail(name, f"a hole is wrong: {a} became {b}")
        return f"{len(self.cases)} instructions with other registers"


# -------- rows of the table --------

def reloc_row(table, obj, name, reloc):
    part, off, kind, sym, addend = reloc
    if kind in ("NEXT", "TARGET", "COLD", "HOT", "ENTRY"):
        return part, off, f"WX_SR_{kind}", 0, addend
    if kind == "THUNK":
        return part, off, "WX_SR_THUNK", table.thunk(sym), addend
    if sym.startswith("wx_hole_"):
        width = {"8": 8, "32": 32, "32S": 31, "64": 64}.get(kind)
        if width is None:
            fail(name, f"relocation {kind} of a hole")
        return part, off, f"WX_SR_IMM{width}", "ABCDE".index(sym[8:]), addend
    if kind == "PC32" and sym.startswith("wx_pool_"):
        return part, off, "WX_SR_CONST", int(sym[-1]) | (16 if "_V_" in sym else 0), addend
    if kind == "PC32" and sym.startswith(".LCPI"):
        return part, off, "WX_SR_POOL", 0, table.constant(obj.constant(sym)) + addend
    return fail(name, f"relocation {kind} against {sym}")


def is_quick(reloc):
    """A 32-bit immediate of the hot part: these come first."""
    return not reloc[0] and reloc[2] in ("WX_SR_IMM32", "WX_SR_IMM31")


def is_target(reloc):
    """A branch of the hot part: a stencil with one has its place apart from the relocations."""
    return not reloc[0] and reloc[2] == "WX_SR_TARGET" and reloc[4] == -4 and reloc[1] < 256


def text_of_reloc(r):
    return f"{{{r[1]},{r[2]}{'|WX_SR_IN_COLD' if r[0] else ''},{r[3]},{r[4]}}},"


def hole_row(name, part, hole):
    at, shift, rex, bit, role = hole
    if at > 255:
        fail(name, "a register too far from the start")
    vector = rex is None
    return part, at, at if vector else rex, role * 4, 2 * (0 if vector else 1 + bit) + (shift == 3)


def text_of_hole(h):
    return "{" + ",".join(map(str, h[1:])) + "},"


def check_text(text, clang):
    """Nothing: the build compiles it."""
