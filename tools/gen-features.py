#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/features.md from src/wasm/features.def.

usage: gen-features.py [--check FILE]
Prints the page, or with --check compares it with FILE and fails if it differs.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r'^FEATURE\((\w+),\s*"([^"]*)",\s*([01]),\s*"([^"]*)",\s*"([^"]*)"\)', re.M)
HEAD = """# Features of WebAssembly

Proposals are switches at run time. A module that uses one that is off does not load: `WAX_E_UNSUPPORTED`,
naming the feature and the place. Nothing else depends on them; there are no switches at build time.

| where | how |
|---|---|
| command | `--feature +NAME,-NAME`, from the defaults; `--feature help` lists them |
| C | `wax_engine_options.features`, the same text; `wax_feature_info()` lists them |
| what a module needs | `waxwing inspect FILE`, `wax_module_feature()` |

| name | default | standing | what it brings |
|---|---|---|---|
"""
TAIL = """
Standing: the version of the specification it is part of, or its phase in the process of the WebAssembly
Community Group. What is not finished there is off by default.

Not features, since they change no module's validity: `--deterministic` (`canonical_nans`) and `--fuel`.

Relaxed SIMD has one result each, the same in all tiers and on all processors:
[design/relaxed-simd.md](design/relaxed-simd.md).
"""


def page():
    rows = ROW.findall((ROOT / "src/wasm/features.def").read_text())
    table = [f"| `{name}` | {'on' if on == '1' else 'off'} | {standing} | {about} |" for _, name, on, standing, about in rows]
    return HEAD + "\n".join(table) + "\n" + TAIL


def main():
    text = page()
    if len(sys.argv) > 2 and sys.argv[1] == "--check":
        if Path(sys.argv[2]).read_text() != text:
            sys.exit(f"{sys.argv[2]} is not what tools/gen-features.py makes: regenerate it")
    else:
        sys.stdout.write(text)


main()
