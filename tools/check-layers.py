#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every #include follows the table of layers; see docs/ARCHITECTURE.md."""
import re
import sys
from pathlib import Path

MAY_INCLUDE = {
    "src/base": {"base"},
    "src/os": {"base", "os"},
    "src/wasm": {"base", "wasm"},
    "src/wasm/text": {"base", "wasm", "wasm/text"},
    "src/vfs": {"base", "os", "vfs"},
    "src/net": {"base", "os", "net"},
    "src/engine/rt": {"base", "os", "wasm", "engine/rt"},
    "src/engine/ops": {"base", "wasm", "engine/rt", "engine/ops"},
    "src/engine/interp": {"base", "os", "wasm", "engine/rt", "engine/ops", "engine/interp"},
    "src/engine/jit": {"base", "os", "wasm", "engine/rt", "engine/ops", "engine/jit"},
    "src/wasi": {"base", "os", "wasm", "vfs", "net", "engine/rt", "wasi"},
    "src/wasix": {"base", "os", "wasm", "vfs", "net", "engine/rt", "wasi", "wasix"},
    "src/capi": {"base", "os", "wasm", "wasm/text", "vfs", "net", "engine/rt", "engine/interp", "engine/jit",
                 "wasi", "wasix", "capi"},
    "cli": set(),
    "examples": set(),
    "tests/capi": {"support"},
    "tests/wasix": {"support"},
    "tests/support": {"support"},
}
OWN = {"cli": {"cli.h", "grants.h", "invoke.h", "trace.h", "wast.h"}, "tests/capi": {"seeds.h", "unit/bytes.h"}}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def main():
    bad = 0
    for place, allowed in MAY_INCLUDE.items():
        for f in sorted(Path(place).rglob("*.[chS]")):
            if "guests" in f.parts or (place == "src/wasm" and "text" in f.parts):
                continue
            for inc in INCLUDE.findall(f.read_text()):
                layer = str(Path(inc).parent)
                layer = layer.replace("os/x86_64", "os")
                if inc in OWN.get(place, ()) or layer in allowed:
                    continue
                print(f"{f}: may not include \"{inc}\"")
                bad += 1
    if bad:
        sys.exit(1)


main()
