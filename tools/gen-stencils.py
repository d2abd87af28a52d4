#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the stencil table of the copy-and-patch tier from the op bodies.

usage: gen-stencils.py CLANG OUTPUT [--check]

Compiles engine/ops/bodies.c twice as stencils (engine/ops/state_stencil.h): with 32-bit holes, and
with 64-bit ones for immediates that do not fit. Each function becomes a stencil of bytes and
relocations. On the way jumps are straightened: a jump to what follows is dropped, ways out that are
rare (traps, polls) go to a cold part that the tier puts behind the function. A body that touches
the stack or calls anything is refused (invariant 1).
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
-Wno-unused-parameter""".split()

# Stencils the tier uses beyond the handlers of handlers.def.
EXTRAS = ["FRAME", "AFTER_CALL"]
# Exits that come back behind the stencil; all other thunks never return.
RETURNING = ["call_func", "tail_func", "helper", "poll", "throw"]
COLD = {"poll", "overflow", "bad_callee", "call_func", "tail_func"}
WIDE = re.compile(r"^(I64|F64)_.*_(RC|LC)_\d$|^(I64|F64)_\w+_BR_(RC|LC)_\d$|^CONST|^BR_TABLE|_K_\d$"
                  r"|^CALL_INDIRECT|^TAIL_CALL_INDIRECT|^HELPER|^FUEL|^V128|^I8X16|^I16X8|^I32X4|^I64X2"
                  r"|^F32X4|^F64X2")
INDIRECT_CALL = re.compile(r"^CALL_(INDIRECT|REF)_")
INVERSE = {"o": "no", "b": "ae", "e": "ne", "be": "a", "s": "ns", "p": "np", "l": "ge", "le": "g"}
INVERSE.update({v: k for k, v in INVERSE.items()})
CC = {"o": 0, "no": 1, "b": 2, "ae": 3, "e": 4, "ne": 5, "be": 6, "a": 7, "s": 8, "ns": 9, "p": 10,
      "np": 11, "l": 12, "ge": 13, "le": 14, "g": 15}


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


class Object:
    """Sections, symbols and the disassembly of one compiled file."""

    def __init__(self, clang, wide, tmp):
        path = f"{tmp}/stencils{int(wide)}.o"
        model = ["-mcmodel=medium", "-mlarge-data-threshold=0", "-DWX_STENCIL_WIDE"] if wide else []
        run(clang, *FLAGS, *model, "-Isrc", "-Iinclude", "-c", "src/engine/ops/bodies.c", "-o", path)
        self.data = Path(path).read_bytes()
        self.read_elf()
        self.functions = {}
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
                m = re.search(r"\.text\.wx_i_(\w+):", line)
                name = m.group(1) if m else None
                if name:
                    self.functions[name] = []
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
        self.term = None      # ("jmp", D) ("jcc", cc, T, F) ("ijmp",)
        self.cold = False


def fail(name, why):
    sys.exit(f"gen-stencils: body {name}: {why}")


def is_exit(sym):
    return sym.startswith("wx_s_")


def build_blocks(name, instrs):
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
        if op.startswith("nop") or op in ("data16", "cs", "xchg") and "%ax,%ax" in text:
            continue
        if op.startswith("j"):
            if "*" in text:
                for r in relocs:
                    current.relocs.append([len(current.code) + r[0], r[1], r[2], r[3]])
                current.code += raw
                current.term = ("ijmp",)
                continue
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
        code, relocs = bytearray(b.code), [list(r) for r in b.relocs]
        if b.term[0] == "ijmp" and INDIRECT_CALL.match(self.name):
            modrm = len(code) - self.ijmp_length(code)
            self.call_indirect(code, modrm)
        items.append(("bytes", bytes(code), relocs))
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
        elif follow != "next" and INDIRECT_CALL.match(self.name):
            self.go(part, "next", follow)

    @staticmethod
    def ijmp_length(code):
        """Bytes from the opcode ff of the indirect jump at the end."""
        for back in range(2, 9):
            if code[-back] == 0xff and (code[1 - back] >> 3) & 7 == 4:
                mod, rm = code[1 - back] >> 6, code[1 - back] & 7
                size = 2 + (rm == 4 and mod != 3) + (0, 1, 4, 0)[mod]
                if mod == 0 and rm == 5:
                    size += 4
                if size == back:
                    return back
        sys.exit("gen-stencils: an indirect jump of unknown shape")

    @staticmethod
    def call_indirect(code, at):
        code[at + 1] = code[at + 1] & ~0x38 | 2 << 3   # jmp r/m (/4) -> call r/m (/2)

    def go(self, part, dest, follow):
        items = self.items[part]
        if dest == follow:
            return
        if isinstance(dest, int) or dest in ("next", "target"):
            items.append(("jump", None, dest))
            return
        if dest == "ret":
            items.append(("bytes", b"\xc3", []))
        elif dest == "callee":
            items.append(("bytes", b"\xff\x15\0\0\0\0", [[2, "ENTRY", "", -4]]))
        elif dest == "tail_callee":
            items.append(("bytes", b"\xff\x25\0\0\0\0", [[2, "ENTRY", "", -4]]))
            return
        else:
            items.append(("bytes", b"\xff\x15\0\0\0\0", [[2, "THUNK", dest, -4]]))
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
        out, relocs = {0: bytearray(), 1: bytearray()}, []
        for part in (0, 1):
            code = out[part]
            for i, it in enumerate(self.items[part]):
                if it[0] == "bytes":
                    for off, kind, sym, addend in it[2]:
                        relocs.append((part, len(code) + off, kind, sym, addend))
                    code += it[1]
                elif it[0] == "jump":
                    self.write_jump(code, relocs, part, it, (part, i) in long, where)
        return bytes(out[0]), bytes(out[1]), relocs

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
        self.bytes, self.relocs = bytearray(), []
        self.thunks = []

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
        if kind == "PC32" and sym.startswith(".LCPI"):
            return (part, off, "WX_SR_POOL", 0, self.constant(obj.constant(sym)) + addend)
        fail(name, f"relocation {kind} against {sym}")

    def add(self, obj, name):
        blocks = build_blocks(name, obj.functions[name])
        thread_jumps(blocks)
        live = reachable(blocks)
        find_cold(blocks, live)
        hot, cold, relocs = Layout(name, blocks, live).encode()
        at, first = len(self.bytes), len(self.relocs)
        self.bytes += hot + cold
        self.relocs += [self.reloc(obj, name, *r) for r in relocs]
        return (at, len(hot), len(cold), first, len(self.relocs) - first)


def handler_names(clang):
    text = run(clang, "-E", "-P", "-Isrc", "-x", "c", "-DH(NAME)=@NAME@", "src/engine/ops/handlers.def")
    return re.findall(r"@\s*(\w+)\s*@", text)


def rows(values, per, form):
    return "".join("    " + " ".join(form(v) for v in values[i:i + per]) + "\n"
                   for i in range(0, len(values), per))


def generate(clang):
    with tempfile.TemporaryDirectory() as tmp:
        narrow, wide = Object(clang, False, tmp), Object(clang, True, tmp)
    table, entries, wides = Table(), [], []
    for name in handler_names(clang) + EXTRAS:
        if name not in narrow.functions:
            entries.append((0, 0, 0, 0, 0, 0))  # interpreter only
            continue
        entry = table.add(narrow, name)
        number = 0
        if WIDE.search(name):
            wides.append(table.add(wide, name))
            number = len(wides)
        entries.append(entry + (number,))
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
    out.append("STENCIL_PART(wides, struct wx_stencil)\n" + rows(
        wides, 5, lambda e: f"{{{e[0]},{e[3]},{e[1]},{e[2]},{e[4]},0}},") + "STENCIL_END\n")
    out.append("STENCIL_PART(entries, struct wx_stencil)\n" + rows(
        entries, 5, lambda e: f"{{{e[0]},{e[3]},{e[1]},{e[2]},{e[4]},{e[5]}}},") + "STENCIL_END\n")
    return "".join(out), table, entries, wides


def main():
    clang, output = sys.argv[1], Path(sys.argv[2])
    text, table, entries, wides = generate(clang)
    if "--check" in sys.argv:
        old = output.read_text() if output.exists() else ""
        if old.splitlines()[3:4] != text.splitlines()[3:4]:
            print("made by another compiler: not compared")  # ruling R25
        elif old != text:
            sys.exit(f"gen-stencils: {output} is not what the bodies give; run ./dev stencils")
        return
    output.write_text(text)
    print(f"{len(entries)} stencils, {len(wides)} wide, {len(table.bytes)} bytes, "
          f"{len(table.relocs)} relocations, pool {len(table.pool)}, thunks {' '.join(table.thunks)}")


main()
