# SPDX-License-Identifier: Apache-2.0
"""Compiled bodies: instructions by function, and the constants they load."""
import re
import struct
from pathlib import Path


class Instruction:
    """One instruction. relocs: [offset in it, kind, symbol, addend]"""

    def __init__(self, at, raw, text, relocs):
        self.at, self.raw, self.text, self.relocs = at, raw, text, relocs

    @property
    def op(self):
        return self.text.split()[0] if self.text.split() else ""


def enter_section(line, functions, opened):
    """The headline of a section: a body's name, to be filled into `functions`; None for all others."""
    m = re.search(r"\.text\.wx_([ip])_(\w+):", line)
    if not m:
        return None
    functions[m.group(2)] = []
    if m.group(1) == "i":
        opened.add(m.group(2))
    return m.group(2)


class Object:
    """Functions, sections and symbols of one compiled ELF file."""

    def __init__(self, arch, clang, form, tmp):
        self.form = form
        path = arch.compile(clang, form, tmp)
        self.data = Path(path).read_bytes()
        self.read_elf()
        self.functions, self.open = arch.parse(path, form)

    def read_elf(self):
        off, = struct.unpack_from("<Q", self.data, 0x28)
        size, count, names = struct.unpack_from("<HHH", self.data, 0x3a)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, off + i * size)
                         for i in range(count)]
        self.symbols = {}
        for i, s in enumerate(self.sections):
            self.symbols[self.string(self.sections[names], s[0])] = (i, 0)
        for s in self.sections:
            if s[1] != 2:  # SHT_SYMTAB
                continue
            strings = self.sections[s[6]]
            for at in range(s[4], s[4] + s[5], 24):
                name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", self.data, at)
                if name:
                    self.symbols[self.string(strings, name)] = (section, value)

    def string(self, table, at):
        start = table[4] + at
        return self.data[start:self.data.index(b"\0", start)].decode()

    def constant(self, symbol, addend=0, length=16):
        section, value = self.symbols[symbol]
        s = self.sections[section]
        entry = s[9] if s[9] else length  # sh_entsize of mergeable constants
        start = s[4] + value + addend
        return self.data[start:start + entry]
