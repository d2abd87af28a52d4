#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the stencil table of the copy-and-patch tier from the op bodies.

usage: gen-stencils.py CLANG OUTPUT [--check]

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

from stencils import x86_64
from stencils.table import generate, text_of


def main():
    clang, output = sys.argv[1], Path(sys.argv[2])
    table = generate(x86_64, clang)
    text = text_of(table, clang)
    if "--check" in sys.argv:
        old = output.read_text() if output.exists() else ""
        if old.splitlines()[3:4] != text.splitlines()[3:4]:
            print("made by another compiler: not compared")  # ruling R25
        elif old != text:
            sys.exit(f"gen-stencils: {output} is not what the bodies give; run ./dev stencils")
        return
    output.write_text(text)
    print(f"{len(table.index)} names, {len(table.stencils)} stencils, {len(table.bytes)} bytes, "
          f"{len(table.relocs)} relocations, {len(table.holes)} holes, pool {len(table.pool)}, "
          f"thunks {' '.join(table.thunks)}")


main()
