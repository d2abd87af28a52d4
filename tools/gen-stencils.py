#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the stencil table of the copy-and-patch tier from the op bodies.

usage: gen-stencils.py CLANG OUTPUT [--check]

Compiles engine/ops/bodies.c twice as stencils (engine/ops/state_stencil.h): with 32-bit holes, and
with 64-bit ones for immediates that do not fit. Each function becomes a stencil of bytes and
relocations. On the way jumps are straightened: a jump to what follows is dropped, ways out that are
rare (traps, polls) go to a cold part that the tier puts behind the function. A body that touches
the stack or calls anything is refused (invariant 1).

Registers of operands become holes (WX_BODY of state.h; not those of WX_BODY_AT): every instruction
that names one is found out by decoding it, and gets a REX prefix to have room for all sixteen. A body
whose instructions use registers they do not name is refused: it has to be a WX_BODY_AT. What the holes
do is checked by filling them with other registers and disassembling that.
"""
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = """-std=gnu11 -D_GNU_SOURCE -O2 -fno-strict-aliasing -fomit-frame-pointer -fno-stack-protector
-fno-math-errno -DNDEBUG -march=x86-64-v2 -DWX_STENCIL -fno-pic -ffunction-sections -fno-jump-tables
-fno-asynchronous-unwind-tables -fcf-protection=none -mno-red-zone -Wall -Wextra
-Wno-unused-parameter -Wno-uninitialized -Xclang -no-enable-noundef-analysis
-ffp-contract=off""".split()

# Stencils the tier uses beyond the handlers of handlers.def.
EXTRAS = ["FRAME", "AFTER_CALL"]
# Exits that come back behind the stencil; all other thunks never return.
RETURNING = ["call_func", "call_address", "tail_func", "helper", "poll"]
COLD = {"poll", "overflow", "bad_callee", "call_func", "tail_func"}
WIDE = re.compile(r"^I64_.*_(RC|LC)_\d$|^F64_STORE_(RC|LC)_\d$|^CONST_[rS]|^BR_TABLE|_K\d*_\d$"
                  r"|^CALL_INDIRECT|^TAIL_CALL_INDIRECT|^HELPER|^FUEL")
# Exits through the address in rcx (r3 of the state).
THROUGH_RCX = {"address": b"\xff\xe1", "call_address": b"\xff\xd1"}
INVERSE = {"o": "no", "b": "ae", "e": "ne", "be": "a", "s": "ns", "p": "np", "l": "ge", "le": "g"}
INVERSE.update({v: k for k, v in INVERSE.items()})
CC = {"o": 0, "no": 1, "b": 2, "ae": 3, "e": 4, "ne": 5, "be": 6, "a": 7, "s": 8, "ns": 9, "p": 10,
      "np": 11, "l": 12, "ge": 13, "le": 14, "g": 15}


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


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


class Instruction:
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


def open_registers(name, raw, text, relocs):
    ins = Instruction(raw)
    named = named_registers(text)
    if ins.implicit() or any(n in FORBIDDEN[file] for file, n in named) or re.search(r"%[abcd]h\b", text):
        fail(name, f"registers of its own, it must be a WX_BODY_AT: {text}")
    found = {(f[0], f[1]) for f in ins.fields()}
    missed = named - found - {("gpr", 1)}  # cl of shifts
    if missed:
        fail(name, f"registers not understood: {text}")
    return ins.open(relocs)


def fill(code, holes, regs):
    code = bytearray(code)
    for at, shift, rex, bit, role in holes:
        n = regs["gpr" if role < 3 else "xmm"][role % 3]
        code[at] |= (n & 7) << shift
        if rex is not None:
            code[rex] |= (n >> 3) << bit
    return bytes(code)


class Verifier:
    """Fills the holes of all instructions with other registers and disassembles both versions."""

    def __init__(self):
        self.cases = []

    def add(self, name, code, holes):
        if holes:
            self.cases.append((name, fill(code, holes, ROLES), fill(code, holes, OTHERS)))

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

    def run(self, tmp):
        renamed = {(f, a): (f, b) for f in ROLES for a, b in zip(ROLES[f], OTHERS[f])}
        first = self.disassemble([c[1] for c in self.cases], tmp)
        second = self.disassemble([c[2] for c in self.cases], tmp)
        for (name, _, _), a, b in zip(self.cases, first, second):
            if a is None or b is None or (self.normal(a, lambda r: renamed.get(r, r)) !=
                                          self.normal(b, lambda r: r)):
                fail(name, f"a hole is wrong: {a} became {b}")


class Object:
    """Sections, symbols and the disassembly of one compiled file."""

    def __init__(self, clang, wide, tmp):
        path = f"{tmp}/stencils{int(wide)}.o"
        model = ["-mcmodel=medium", "-mlarge-data-threshold=0", "-DWX_STENCIL_WIDE"] if wide else []
        run(clang, *FLAGS, *model, "-Isrc", "-Iinclude", "-c", "src/engine/ops/bodies.c", "-o", path)
        self.data = Path(path).read_bytes()
        self.read_elf()
        self.functions, self.open = {}, set()
        self.parse(run("objdump", "-dr", "-w", path))

    def read_elf(self):
        off, = struct.unpack_from("<Q", self.data, 0x28)
        size, count, names = struct.unpack_from("<HHH", self.data, 0x3a)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, off + i * size)
                         for i in range(count)]
        self.symbols = {}
        for s in self.sections:
            if s[1] != 2:  # SHT_SYMTAB
                continue
            strings = self.sections[s[6]]
            for at in range(s[4], s[4] + s[5], 24):
                name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", self.data, at)
                start = strings[4] + name
                text = self.data[start:self.data.index(b"\0", start)].decode()
                self.symbols[text] = (section, value)
            self.shstr = self.sections[names][4]

    def constant(self, symbol, length=16):
        section, value = self.symbols[symbol]
        s = self.sections[section]
        entry = s[9] if s[9] else length  # sh_entsize of mergeable constants
        return self.data[s[4] + value:s[4] + value + entry]

    def parse(self, text):
        name = None
        for line in text.splitlines():
            if line.startswith("Disassembly of section"):
                m = re.search(r"\.text\.wx_([ip])_(\w+):", line)
                name = m.group(2) if m else None
                if name:
                    self.functions[name] = []
                    if m.group(1) == "i":
                        self.open.add(name)
                continue
            more = re.match(r"^\t+([0-9a-f]+: R_X86_64_.*)$", line)
            if name and more:  # a second relocation of the instruction before
                at, _, _, relocs = self.functions[name][-1]
                relocs += self.parse_relocs(more.group(1), at)
                continue
            m = re.match(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)$", line)
            if not name or not m:
                continue
            at, raw, rest = int(m.group(1), 16), bytes.fromhex(m.group(2)), m.group(3)
            relocs = self.parse_relocs(rest, at)
            text_part = rest.split("\t")[0]
            self.functions[name].append((at, raw, text_part, relocs))

    @staticmethod
    def parse_relocs(text, at):
        relocs = []
        for off, kind, sym in re.findall(r"([0-9a-f]+): R_X86_64_(\w+)\t(\S+)", text):
            m = re.match(r"^(.*?)([-+]0x[0-9a-f]+)?$", sym)
            addend = int(m.group(2), 16) if m.group(2) else 0
            relocs.append([int(off, 16) - at, kind, m.group(1), addend])
        return relocs


class Block:
    def __init__(self):
        self.code = bytearray()
        self.relocs = []      # (offset in code, kind, symbol, addend)
        self.holes = []       # (offset in code, shift, offset of the prefix, bit, role)
        self.term = None      # ("jmp", D) ("jcc", cc, T, F)
        self.cold = False


def fail(name, why):
    sys.exit(f"gen-stencils: body {name}: {why}")


def is_exit(sym):
    return sym.startswith("wx_s_")


def build_blocks(name, instrs, is_open, verifier):
    """Basic blocks in order; destinations are block numbers or exit names."""
    starts = {instrs[0][0]}
    for i, (at, raw, text, relocs) in enumerate(instrs):
        op = text.split()[0] if text.split() else ""
        if op.startswith("j"):
            if i + 1 < len(instrs):
                starts.add(instrs[i + 1][0])
            if not relocs and "*" not in text:
                starts.add(int(text.split()[1], 16))
    order = sorted(starts)
    number = {a: i for i, a in enumerate(order)}
    blocks = [Block() for _ in order]
    current = None
    for i, (at, raw, text, relocs) in enumerate(instrs):
        if at in number:
            if current is not None and current.term is None:
                current.term = ("jmp", number[at])
            current = blocks[number[at]]
        op = text.split()[0] if text.split() else "nop"
        if re.search(r"%[er]?sp\b|%spl\b", text) or op in ("push", "pop", "call", "callq", "ret", "retq",
                                                        "leave", "ud2", "ud1", "int3"):
            fail(name, f"touches the stack or calls: {text}")
        if re.search(r"\bnop[wl]?\b", text) or op == "xchg" and "%ax,%ax" in text:
            continue
        if op.startswith("j"):
            if "*" in text:
                fail(name, f"an indirect jump: {text}")
            if relocs:
                dest = relocs[0][2]
                if not is_exit(dest):
                    fail(name, f"jump to {dest}")
                dest = dest[5:]
            else:
                dest = number[int(text.split()[1], 16)]
            if op == "jmp":
                current.term = ("jmp", dest)
            else:
                follow = number[instrs[i + 1][0]] if i + 1 < len(instrs) else None
                current.term = ("jcc", op[1:], dest, follow)
            continue
        if is_open:
            raw, relocs, holes = open_registers(name, raw, text, relocs)
            verifier.add(name, raw, holes)
            start = len(current.code)
            current.holes += [(start + h[0], h[1], None if h[2] is None else start + h[2], h[3], h[4])
                              for h in holes]
        for r in relocs:
            current.relocs.append([len(current.code) + r[0], r[1], r[2], r[3]])
        current.code += raw
    return blocks


def thread_jumps(blocks):
    def resolve(dest):
        seen = set()
        while isinstance(dest, int) and dest not in seen:
            seen.add(dest)
            b = blocks[dest]
            if b.code or b.term[0] != "jmp":
                break
            dest = b.term[1]
        return dest
    for b in blocks:
        if b.term[0] == "jmp":
            b.term = ("jmp", resolve(b.term[1]))
        elif b.term[0] == "jcc":
            b.term = ("jcc", b.term[1], resolve(b.term[2]), resolve(b.term[3]))


def reachable(blocks):
    todo, seen = [0], set()
    while todo:
        n = todo.pop()
        if n in seen:
            continue
        seen.add(n)
        todo += [d for d in blocks[n].term[1:] if isinstance(d, int)]
    return sorted(seen)


def is_cold_exit(dest):
    return isinstance(dest, str) and (dest in COLD or dest.startswith("trap_"))


def find_cold(blocks, live):
    """Blocks that can only end in a rare exit."""
    changed = True
    while changed:
        changed = False
        for n in live:
            b = blocks[n]
            if n == 0 or b.cold:
                continue
            dests = b.term[1:] if b.term[0] == "jmp" else b.term[2:] if b.term[0] == "jcc" else []
            if dests and all(is_cold_exit(d) or (isinstance(d, int) and blocks[d].cold) for d in dests):
                b.cold = changed = True


class Layout:
    """Two byte strings, hot and cold, with local jumps resolved by relaxation."""

    def __init__(self, name, blocks, live):
        self.name = name
        self.blocks = blocks
        self.hot = [n for n in live if not blocks[n].cold]
        self.cold = [n for n in live if blocks[n].cold]
        self.exit_blocks = {}
        self.order_hot()
        self.items = {0: [], 1: []}   # section -> list of ("bytes", code, relocs) ("label", id) ("jump", ...)
        for part, order in ((0, self.hot), (1, self.cold)):
            for i, n in enumerate(order):
                follow = order[i + 1] if i + 1 < len(order) else ("next" if part == 0 else None)
                self.place(part, n, follow)
        self.place_exits()

    def order_hot(self):
        """The block that goes on to the next stencil comes last, if it can be moved for free."""
        if len(self.hot) > 1:
            last = self.blocks[self.hot[-1]]
            if last.term == ("jmp", "next") or last.term[0] == "jcc" and "next" in last.term[2:]:
                return
            for n in reversed(self.hot[1:]):
                if self.blocks[n].term == ("jmp", "next"):
                    self.hot.remove(n)
                    self.hot.append(n)
                    return

    def place(self, part, n, follow):
        b = self.blocks[n]
        items = self.items[part]
        items.append(("label", n))
        items.append(("bytes", bytes(b.code), [list(r) for r in b.relocs], b.holes))
        if b.term[0] == "jmp":
            self.go(part, b.term[1], follow)
        elif b.term[0] == "jcc":
            _, cc, t, f = b.term
            if f == follow:
                self.branch(part, cc, t)
            elif t == follow:
                self.branch(part, INVERSE[cc], f)
            else:
                self.branch(part, cc, t)
                self.go(part, f, follow)

    def go(self, part, dest, follow):
        items = self.items[part]
        if dest == follow:
            return
        if isinstance(dest, int) or dest in ("next", "target"):
            items.append(("jump", None, dest))
            return
        if dest == "ret":
            items.append(("bytes", b"\xc3", [], []))
        elif dest == "callee":
            items.append(("bytes", b"\xff\x15\0\0\0\0", [[2, "ENTRY", "", -4]], []))
        elif dest == "tail_callee":
            items.append(("bytes", b"\xff\x25\0\0\0\0", [[2, "ENTRY", "", -4]], []))
            return
        elif dest in THROUGH_RCX:
            items.append(("bytes", THROUGH_RCX[dest], [], []))
            if dest == "address":
                return
        else:
            items.append(("bytes", b"\xff\x15\0\0\0\0", [[2, "THUNK", dest, -4]], []))
            if dest not in RETURNING:
                return
        if dest != "ret" and follow != "next":
            self.go(part, "next", follow)

    def branch(self, part, cc, dest):
        if isinstance(dest, str) and dest not in ("next", "target"):
            self.exit_blocks.setdefault(dest, None)
            dest = ("exit", dest)
        self.items[part].append(("jump", cc, dest))

    def place_exits(self):
        for name in self.exit_blocks:
            self.items[1].append(("label", ("exit", name)))
            self.go(1, name, None)

    def encode(self):
        where = {}
        long = set()
        while True:
            sizes = {0: 0, 1: 0}
            for part in (0, 1):
                for i, it in enumerate(self.items[part]):
                    if it[0] == "label":
                        where[it[1]] = (part, sizes[part])
                    elif it[0] == "bytes":
                        sizes[part] += len(it[1])
                    else:
                        local = self.is_local(part, it[2], where)
                        is_long = not local or (part, i) in long
                        sizes[part] += (6 if it[1] else 5) if is_long else 2
            grown = self.check_short(where, long)
            if not grown:
                break
        return self.write(where, long, sizes)

    def is_local(self, part, dest, where):
        if dest in ("next", "target"):
            return False
        return self.part_of(dest) == part

    def part_of(self, dest):
        if isinstance(dest, tuple):
            return 1
        return 1 if self.blocks[dest].cold else 0

    def check_short(self, where, long):
        grown = False
        for part in (0, 1):
            at = 0
            for i, it in enumerate(self.items[part]):
                if it[0] == "bytes":
                    at += len(it[1])
                elif it[0] == "jump":
                    local = self.is_local(part, it[2], where)
                    is_long = not local or (part, i) in long
                    at += (6 if it[1] else 5) if is_long else 2
                    if local and not is_long and not -128 <= where[it[2]][1] - at <= 127:
                        long.add((part, i))
                        grown = True
        return grown

    def write(self, where, long, sizes):
        out, relocs, holes = {0: bytearray(), 1: bytearray()}, [], []
        for part in (0, 1):
            code = out[part]
            for i, it in enumerate(self.items[part]):
                if it[0] == "bytes":
                    for off, kind, sym, addend in it[2]:
                        relocs.append((part, len(code) + off, kind, sym, addend))
                    holes += [(part, len(code) + at, shift, None if rex is None else len(code) + rex, bit, role)
                              for at, shift, rex, bit, role in it[3]]
                    code += it[1]
                elif it[0] == "jump":
                    self.write_jump(code, relocs, part, it, (part, i) in long, where)
        return bytes(out[0]), bytes(out[1]), relocs, holes

    def write_jump(self, code, relocs, part, it, is_long, where):
        _, cc, dest = it
        local = self.is_local(part, dest, where)
        if local and not is_long:
            code += bytes([0x70 + CC[cc] if cc else 0xeb])
            code += struct.pack("<b", where[dest][1] - (len(code) + 1))
            return
        code += bytes([0x0f, 0x80 + CC[cc]]) if cc else b"\xe9"
        if local:
            code += struct.pack("<i", where[dest][1] - (len(code) + 4))
            return
        if dest in ("next", "target"):
            relocs.append((part, len(code), dest.upper(), "", -4))
        else:
            to, off = where[dest]
            relocs.append((part, len(code), "COLD" if to else "HOT", "", off - 4))
        code += b"\0\0\0\0"


class Table:
    def __init__(self):
        self.pool, self.pool_at = bytearray(), {}
        self.bytes, self.bytes_at = bytearray(), {}
        self.relocs, self.relocs_at = [], {}
        self.holes, self.holes_at = [], {}
        self.stencils, self.numbers = [(0,) * 9], {}
        self.thunks = []
        self.verifier = Verifier()

    @staticmethod
    def share(pool, at, values):
        """Where these stand in the pool; the same ones only once."""
        key = bytes(values) if isinstance(pool, bytearray) else tuple(values)
        if key not in at:
            at[key] = len(pool)
            pool += values
        return at[key] if values else 0

    def constant(self, data):
        data = bytes(data)
        if data not in self.pool_at:
            while len(self.pool) % len(data):
                self.pool.append(0)
            self.pool_at[data] = len(self.pool)
            self.pool += data
        return self.pool_at[data]

    def reloc(self, obj, name, part, off, kind, sym, addend):
        if kind in ("NEXT", "TARGET", "COLD", "HOT", "ENTRY"):
            return (part, off, f"WX_SR_{kind}", 0, addend)
        if kind == "THUNK":
            if sym not in self.thunks:
                self.thunks.append(sym)
            return (part, off, "WX_SR_THUNK", f"WX_THUNK_{sym}", addend)
        if sym.startswith("wx_hole_"):
            hole = "ABCDE".index(sym[8:])
            width = {"8": 8, "32": 32, "32S": 31, "64": 64}.get(kind)
            if width is None:
                fail(name, f"relocation {kind} of a hole")
            return (part, off, f"WX_SR_IMM{width}", hole, addend)
        if kind == "PC32" and sym.startswith("wx_pool_"):
            return (part, off, "WX_SR_CONST", int(sym[-1]) | (16 if "_V_" in sym else 0), addend)
        if kind == "PC32" and sym.startswith(".LCPI"):
            return (part, off, "WX_SR_POOL", 0, self.constant(obj.constant(sym)) + addend)
        fail(name, f"relocation {kind} against {sym}")

    def hole(self, name, part, at, shift, rex, bit, role):
        flags = role | (8 if shift else 0) | (16 if part else 0)
        if rex is None:
            return (at, 0, flags | 32, 0)
        if not 1 <= at - rex <= 7:
            fail(name, "a register far from its prefix")
        return (rex, at - rex, flags, bit)

    def add(self, obj, name, wide=0):
        """@return number of the stencil; equal ones share it"""
        blocks = build_blocks(name, obj.functions[name], name in obj.open, self.verifier)
        thread_jumps(blocks)
        live = reachable(blocks)
        find_cold(blocks, live)
        hot, cold, relocs, holes = Layout(name, blocks, live).encode()
        relocs = [self.reloc(obj, name, *r) for r in relocs]
        holes = [self.hole(name, *h) for h in holes]
        stencil = (self.share(self.bytes, self.bytes_at, hot + cold),
                   self.share(self.relocs, self.relocs_at, relocs),
                   self.share(self.holes, self.holes_at, holes),
                   len(hot), len(cold), wide, len(relocs), len(holes))
        if any(v > 65535 for v in stencil[1:6]) or any(v > 255 for v in stencil[6:]):
            fail(name, "too much for the fields of struct wx_stencil")
        if stencil not in self.numbers:
            self.numbers[stencil] = len(self.stencils)
            self.stencils.append(stencil)
        return self.numbers[stencil]


def handler_names(clang):
    text = run(clang, "-E", "-P", "-Isrc", "-x", "c", "-DH(NAME)=@NAME@", "src/engine/ops/handlers.def")
    return re.findall(r"@\s*(\w+)\s*@", text)


def rows(values, per, form):
    return "".join("    " + " ".join(form(v) for v in values[i:i + per]) + "\n"
                   for i in range(0, len(values), per))


def generate(clang):
    table, index = Table(), []
    with tempfile.TemporaryDirectory() as tmp:
        narrow, wide = Object(clang, False, tmp), Object(clang, True, tmp)
        for name in handler_names(clang) + EXTRAS:
            if name not in narrow.functions:
                index.append(0)  # interpreter only
                continue
            big = table.add(wide, name) if WIDE.search(name) else 0
            index.append(table.add(narrow, name, big))
        table.verifier.run(tmp)
    version = run(clang, "--version").splitlines()[0]
    out = ["/* SPDX-License-Identifier: Apache-2.0 */\n",
           "/* Stencils for x86-64: made by tools/gen-stencils.py from engine/ops/bodies.c. Do not edit. */\n",
           "/* clang-format off */\n", f"/* {version} */\n",
           "#ifndef STENCIL_PART\n#error \"included by stencil.c only\"\n#endif\n"]
    out.append("STENCIL_PART(pool, uint8_t)\n" + rows(table.pool, 24, lambda v: f"{v},") + "STENCIL_END\n")
    out.append("STENCIL_PART(bytes, uint8_t)\n" + rows(table.bytes, 24, lambda v: f"{v},") + "STENCIL_END\n")
    out.append("STENCIL_PART(relocs, struct wx_stencil_reloc)\n" + rows(
        table.relocs, 6, lambda r: f"{{{r[1]},{r[2]}{'|WX_SR_IN_COLD' if r[0] else ''},{r[3]},{r[4]}}},")
        + "STENCIL_END\n")
    out.append("STENCIL_PART(holes, struct wx_stencil_hole)\n" + rows(
        table.holes, 9, lambda h: f"{{{h[0]},{h[1] | h[3] << 4},{h[2]}}},") + "STENCIL_END\n")
    out.append("STENCIL_PART(table, struct wx_stencil)\n" + rows(
        table.stencils, 4, lambda e: "{" + ",".join(map(str, e[:8])) + "},") + "STENCIL_END\n")
    out.append("STENCIL_PART(index, uint16_t)\n" + rows(index, 20, lambda v: f"{v},") + "STENCIL_END\n")
    return "".join(out), table, index


def main():
    clang, output = sys.argv[1], Path(sys.argv[2])
    text, table, index = generate(clang)
    if "--check" in sys.argv:
        old = output.read_text() if output.exists() else ""
        if old.splitlines()[3:4] != text.splitlines()[3:4]:
            print("made by another compiler: not compared")  # ruling R25
        elif old != text:
            sys.exit(f"gen-stencils: {output} is not what the bodies give; run ./dev stencils")
        return
    output.write_text(text)
    print(f"{len(index)} names, {len(table.stencils)} stencils, {len(table.bytes)} bytes, "
          f"{len(table.relocs)} relocations, {len(table.holes)} holes, pool {len(table.pool)}, "
          f"thunks {' '.join(table.thunks)}")


main()
