# SPDX-License-Identifier: Apache-2.0
"""The stencil table: bytes, relocations and holes of all bodies, equal ones shared, and its text."""
import re
import tempfile

from .blocks import lay_out
from .object import Object
from .util import fail, run

# Stencils the tier uses beyond the handlers of handlers.def.
EXTRAS = ["FRAME", "AFTER_CALL"]
PIECE = 32  # WX_STENCIL_PIECE of stencil.h


class Table:
    def __init__(self, arch):
        self.arch = arch
        self.pool, self.pool_at = bytearray(), {}
        self.bytes, self.bytes_at = bytearray(), {}
        self.relocs, self.relocs_at = [], {}
        self.holes, self.holes_at = [], {}
        self.stencils, self.numbers = [(0,) * 7 + (1, 0, 0, 0)], {}
        self.thunks = []
        self.index = []
        self.verifier = arch.Verifier()

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

    def thunk(self, name):
        if name not in self.thunks:
            self.thunks.append(name)
        return f"WX_THUNK_{name}"

    def add(self, obj, name, wider=0):
        """@return number of the stencil; equal ones share it"""
        far = obj.form == self.arch.FAR
        hot, cold, relocs, holes = lay_out(self.arch, obj, name, self.verifier, far)
        relocs = [self.arch.reloc_row(self, obj, name, r) for r in relocs]
        relocs.sort(key=lambda r: not self.arch.is_quick(r))
        holes = sorted((self.arch.hole_row(name, part, h) for part, h in holes), key=lambda h: h[0])
        targets = [r for r in relocs if self.arch.is_target(r)]
        if len(targets) == 1:
            relocs.remove(targets[0])
        n_imms = sum(map(self.arch.is_quick, relocs))
        n_cold_holes = sum(h[0] for h in holes)
        stencil = (self.share(self.bytes, self.bytes_at, hot + cold),
                   self.share(self.relocs, self.relocs_at, relocs),
                   self.share(self.holes, self.holes_at, holes),
                   len(hot), len(cold), wider, n_imms, len(relocs) - n_imms,
                   len(holes) - n_cold_holes, n_cold_holes,
                   targets[0][1] if len(targets) == 1 else 0)
        if any(v > 65535 for v in stencil[1:6]) or any(v > 255 for v in stencil[6:]):
            fail(name, "too much for the fields of struct wx_stencil")
        if wider and self.stencils[wider] == (*stencil[:5], self.stencils[wider][5], *stencil[6:]):
            return wider  # there is nothing in it that would not fit
        if stencil not in self.numbers:
            self.numbers[stencil] = len(self.stencils)
            self.stencils.append(stencil)
        return self.numbers[stencil]


def handler_names(clang):
    text = run(clang, "-E", "-P", "-Isrc", "-x", "c", "-DH(NAME)=@NAME@", "src/engine/ops/handlers.def")
    return re.findall(r"@\s*(\w+)\s*@", text)


def generate(arch, clang):
    table = Table(arch)
    with tempfile.TemporaryDirectory() as tmp:
        narrow, *others = objects = [Object(arch, clang, form, tmp) for form in arch.FORMS]
        table.verifier.prepare(objects, clang, tmp)
        for name in handler_names(clang) + EXTRAS:
            if name not in narrow.functions:
                table.index.append(0)  # interpreter only
                continue
            wider = 0
            for obj in reversed(others if arch.wider(name) else []):
                wider = table.add(obj, name, wider)
            table.index.append(table.add(narrow, name, wider))
        table.checked = table.verifier.run(table, clang, tmp)
    return table


def rows(values, per, form):
    return "".join("    " + " ".join(form(v) for v in values[i:i + per]) + "\n"
                   for i in range(0, len(values), per))


def text_of(table, clang):
    """The file stencils_<processor>.inc."""
    arch, version = table.arch, run(clang, "--version").splitlines()[0]
    title = arch.NAME.replace("_", "-")
    parts = [("pool", "uint8_t", table.pool, 24, lambda v: f"{v},"),
             ("bytes", "uint8_t", table.bytes + bytes(PIECE), 24, lambda v: f"{v},"),
             ("relocs", "struct wx_stencil_reloc", table.relocs, 6, arch.text_of_reloc),
             ("holes", "struct wx_stencil_hole", table.holes, 9, arch.text_of_hole),
             ("table", "struct wx_stencil", table.stencils, 4, lambda e: f"{{{','.join(map(str, e))}}},"),
             ("index", "uint16_t", table.index, 20, lambda v: f"{v},")]
    out = ["/* SPDX-License-Identifier: Apache-2.0 */\n",
           f"/* Stencils for {title}: made by tools/gen-stencils.py from engine/ops/bodies.c. Do not edit. */\n",
           "/* clang-format off */\n", f"/* {version} */\n",
           "#ifndef STENCIL_PART\n#error \"included by stencil.c only\"\n#endif\n"]
    for name, ctype, values, per, form in parts:
        out.append(f"STENCIL_PART({name}, {ctype})\n{rows(values, per, form)}STENCIL_END\n")
    return "".join(out)
