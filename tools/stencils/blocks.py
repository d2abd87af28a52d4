# SPDX-License-Identifier: Apache-2.0
"""A body as basic blocks, and their layout: jumps straightened, rare ways out in a cold part.

A relocation is [offset, kind, symbol, addend]. Kinds of the object are passed on as they are; those
made here are NEXT, TARGET, HOT, COLD, ENTRY and THUNK, with a fifth value, the field to fill, where
the processor has several.
"""
from .util import fail

# Exits that come back behind the stencil; all others never return.
RETURNING = ["call_func", "call_address", "tail_func", "fetch_call", "fetch_tail_call", "helper", "poll", "callee"]
COLD = {"poll", "overflow", "fetch_call", "fetch_tail_call", "call_func", "tail_func"}


class Block:
    def __init__(self):
        self.code = bytearray()
        self.relocs = []      # offsets in code
        self.holes = []       # the processor's, made to start anywhere by arch.moved_hole
        self.term = None      # ("jmp", D) ("jcc", condition, T, F)
        self.cold = False


def build_blocks(arch, name, instrs, verifier):
    """Basic blocks in order; destinations are block numbers or exit names. A verifier opens registers."""
    kinds = [arch.control(name, ins) for ins in instrs]
    starts = {instrs[0].at}
    for i, kind in enumerate(kinds):
        if isinstance(kind, tuple):
            if i + 1 < len(instrs):
                starts.add(instrs[i + 1].at)
            if isinstance(kind[-1], int):
                starts.add(kind[-1])
    order = sorted(starts)
    number = {a: i for i, a in enumerate(order)}
    blocks = [Block() for _ in order]
    current = None
    for i, (ins, kind) in enumerate(zip(instrs, kinds)):
        if ins.at in number:
            if current is not None and current.term is None:
                current.term = ("jmp", number[ins.at])
            current = blocks[number[ins.at]]
        if kind == "drop":
            continue
        if kind:
            dest = number[kind[-1]] if isinstance(kind[-1], int) else kind[-1]
            if kind[0] == "jmp":
                current.term = ("jmp", dest)
            else:
                follow = number[instrs[i + 1].at] if i + 1 < len(instrs) else None
                condition = arch.open_condition(name, ins, kind[1], verifier)
                current.term = ("jcc", condition, dest, follow)
            continue
        raw, relocs = ins.raw, ins.relocs
        if verifier:
            raw, relocs, holes = verifier.open(name, ins)
            current.holes += [arch.moved_hole(h, len(current.code)) for h in holes]
        current.relocs += [[len(current.code) + r[0]] + r[1:] for r in relocs]
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


def destinations(term):
    return term[1:] if term[0] == "jmp" else term[2:]


def reachable(blocks):
    todo, seen = [0], set()
    while todo:
        n = todo.pop()
        if n in seen:
            continue
        seen.add(n)
        todo += [d for d in destinations(blocks[n].term) if isinstance(d, int)]
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
            if all(is_cold_exit(d) or (isinstance(d, int) and blocks[d].cold)
                   for d in destinations(b.term)):
                b.cold = changed = True


class Layout:
    """Two byte strings, hot and cold, with local jumps resolved by relaxation."""

    def __init__(self, arch, name, blocks, far=False):
        thread_jumps(blocks)
        live = reachable(blocks)
        find_cold(blocks, live)
        self.arch, self.name, self.blocks, self.far = arch, name, blocks, far
        self.hot = [n for n in live if not blocks[n].cold]
        self.cold = [n for n in live if blocks[n].cold]
        self.exit_blocks = {}
        self.order_hot()
        # part -> list of ("bytes", code, relocs, holes) ("label", id) ("jump", condition, dest)
        self.items = {0: [], 1: []}
        code = arch.prologue(name)
        if code:
            self.items[0].append(("bytes", code, [], []))
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
        items.append(("bytes", bytes(b.code), b.relocs, b.holes))
        if b.term[0] == "jmp":
            self.go(part, b.term[1], follow)
        elif b.term[0] == "jcc":
            _, condition, t, f = b.term
            if f == follow:
                self.branch(part, condition, t)
            elif t == follow:
                self.branch(part, self.arch.inverse(condition), f)
            else:
                self.branch(part, condition, t)
                self.go(part, f, follow)

    def go(self, part, dest, follow):
        if dest == follow:
            return
        if isinstance(dest, int) or dest in ("next", "target"):
            self.items[part].append(("jump", None, dest))
            return
        self.items[part].append(("bytes", *self.arch.exit_code(dest), []))
        if dest in RETURNING and follow != "next":
            self.go(part, "next", follow)

    def branch(self, part, condition, dest):
        if isinstance(dest, str) and dest not in ("next", "target"):
            self.exit_blocks.setdefault(dest, None)
            dest = ("exit", dest)
        self.items[part].append(("jump", condition, dest))

    def place_exits(self):
        for name in self.exit_blocks:
            self.items[1].append(("label", ("exit", name)))
            self.go(1, name, None)

    def encode(self):
        """@return hot bytes, cold bytes, relocations and holes as (part, …)"""
        self.where, self.long = {}, set()
        while True:
            self.measure()
            if not self.lengthen():
                return self.write()

    def size(self, part, i):
        it = self.items[part][i]
        if it[0] == "label":
            return 0
        if it[0] == "bytes":
            return len(it[1])
        return self.arch.jump_size(it[1], self.is_long(part, i), self.far)

    def is_long(self, part, i):
        return not self.is_local(part, self.items[part][i][2]) or (part, i) in self.long

    def measure(self):
        for part in (0, 1):
            at = 0
            for i, it in enumerate(self.items[part]):
                if it[0] == "label":
                    self.where[it[1]] = (part, at)
                at += self.size(part, i)

    def is_local(self, part, dest):
        return dest not in ("next", "target") and self.part_of(dest) == part

    def part_of(self, dest):
        if isinstance(dest, tuple):
            return 1
        return 1 if self.blocks[dest].cold else 0

    def lengthen(self):
        """Makes jumps long whose destination is too far. @return whether there was one"""
        grown = False
        for part in (0, 1):
            at = 0
            for i, it in enumerate(self.items[part]):
                at += self.size(part, i)
                if it[0] == "jump" and not self.is_long(part, i):
                    if not self.arch.reaches(self.where[it[2]][1] - at):
                        self.long.add((part, i))
                        grown = True
        return grown

    def write(self):
        out, relocs, holes = {0: bytearray(), 1: bytearray()}, [], []
        for part in (0, 1):
            code = out[part]
            for i, it in enumerate(self.items[part]):
                if it[0] == "bytes":
                    new = it[1:]
                elif it[0] == "jump":
                    new = self.jump(part, i, len(code))
                else:
                    continue
                relocs += [(part, len(code) + r[0], *r[1:]) for r in new[1]]
                holes += [(part, self.arch.moved_hole(h, len(code))) for h in new[2]]
                code += new[0]
        return bytes(out[0]), bytes(out[1]), relocs, holes

    def jump(self, part, i, at):
        """@return code, relocations, holes"""
        _, condition, dest = self.items[part][i]
        if self.is_local(part, dest):
            disp = self.where[dest][1] - at
            return self.arch.jump(condition, disp, self.is_long(part, i), self.far)
        if dest in ("next", "target"):
            what, to = dest.upper(), 0
        else:
            there, to = self.where[dest]
            what = "COLD" if there else "HOT"
        code, relocs, holes = self.arch.jump(condition, None, True, self.far)
        return code, [[off, what, "", addend + to, *field] for off, addend, *field in relocs], holes


def lay_out(arch, obj, name, verifier, far=False):
    if name not in obj.functions:
        fail(name, "is in one form only")
    opened = verifier if name in obj.open else None
    return Layout(arch, name, build_blocks(arch, name, obj.functions[name], opened), far).encode()
