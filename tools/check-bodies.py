#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the op bodies' machine code: no stack, no calls, no constants of v128 in memory.

usage: check-bodies.py BODIES.o

A body keeps everything in registers: it must never touch the stack pointer, push, pop or call, as
its code is copied into compiled functions and runs on the host's stack below an exact frame. Bodies
that enter C or move frames are named here. Bodies of v128 read nothing at an address of their own:
constants are made by instructions (wasm/simd.h).
"""
import re
import subprocess
import sys

# Of the interpreter only, or calling the runtime; compiled code has its own.
MAY_USE_STACK = re.compile(
    r"(COPY_SLOTS|RETURN_N|TAIL_CALL|HELPER|enter_slow|call_common|tail_common|fetch_call|fetch_tail_call)$")
VECTOR = re.compile(r"([IF]\d+X\d+_|V128_)")


def main():
    listing = subprocess.run(
        ["objdump", "-d", "-r", "--no-show-raw-insn", "-j", "wx_ops", sys.argv[1]],
        check=True, capture_output=True, text=True).stdout
    name, bodies, bad = "", 0, []
    for line in listing.splitlines():
        head = re.match(r"[0-9a-f]+ <wx_i_(\w+)>:", line)
        if head:
            name, bodies = head.group(1), bodies + 1
            continue
        if re.search(r"%[er]?sp\b|\t(push|pop|call|leave)[qlw]?\b", line) and not MAY_USE_STACK.match(name):
            bad.append(f"{name} uses the stack: {line.strip()}")
        if "(%rip)" in line and VECTOR.match(name):
            bad.append(f"{name} reads a constant: {line.strip()}")
    print("\n".join(bad[:40]))
    print(f"{bodies} bodies, {len(bad)} faults")
    return 1 if bad or bodies == 0 else 0


sys.exit(main())
