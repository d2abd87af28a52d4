#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the stencil table of the copy-and-patch tier from the op bodies.

usage: gen-stencils.py CLANG TARGET [OUTPUT] [--check]

TARGET is x86_64 or aarch64; either is made on any machine. With --check OUTPUT is compared instead of
written; without OUTPUT the table is made, checked and forgotten.

Compiles engine/ops/bodies.c as stencils (engine/ops/state_stencil.h), once for each form: with holes for
immediates of 32 bits, and with wider ones for those that do not fit. Each function becomes a stencil of
bytes and relocations. On the way jumps are straightened: a jump to what follows is dropped, ways out
that are rare (traps, polls) go to a cold part that the tier puts behind the function. A body that
touches the stack or calls anything is refused (invariant 1).

Registers of operands become holes (WX_BODY of state.h; not those of WX_BODY_AT). The package `stencils`
does all that; what depends on the processor is a file of its own there.
"""
import sys
from pathlib import Path

from stencils import aarch64, x86_64
from stencils.table import generate, text_of

TARGETS = {arch.NAME: arch for arch in (x86_64, aarch64)}


def compare(old, new, output):
    if old.splitlines()[3:4] != new.splitlines()[3:4]:
        print("made by another compiler: not compared")  # ruling R25
    elif old != new:
        sys.exit(f"gen-stencils: {output} is not what the bodies give; run ./dev stencils")


def main():
    clang, target, *names = [a for a in sys.argv[1:] if a != "--check"]
    table = generate(TARGETS[target], clang)
    text = text_of(table, clang)
    TARGETS[target].check_text(text, clang)
    print(f"{len(table.index)} names, {sum(map(bool, table.index))} with a stencil, "
          f"{len(table.stencils) - 1} stencils, {len(table.bytes)} bytes, {len(table.relocs)} relocations, "
          f"{len(table.holes)} holes, pool {len(table.pool)}")
    print(f"checked: {table.checked}")
    for output in map(Path, names):
        if "--check" in sys.argv:
            compare(output.read_text() if output.exists() else "", text, output)
        else:
            output.write_text(text)


main()
