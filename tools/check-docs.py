#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the comment of every public function: a sentence, then @param for each parameter but err
in their order, @return unless void, @since, @source. usage: check-docs.py HEADER..."""
import re
import sys
from pathlib import Path

DECLARATION = re.compile(r"(?:/\*\*(?P<doc>(?:[^*]|\*(?!/))*)\*/\s*)?^WAX_API\b(?P<sig>[^;]*);", re.M)
FIELD = re.compile(r"@(\w+)(?:\s+(\w+))?")


def split(sig):
    """Name, whether void, parameter names."""
    sig = re.sub(r"__attribute__\(\(.*\)\)", "", sig, flags=re.S)
    head, _, params = sig.partition("(")
    name = re.findall(r"\w+", head)[-1]
    is_void = re.search(r"\bvoid\s+" + name + "$", head.strip()) is not None
    params = params.rsplit(")", 1)[0]
    params = re.sub(r"\(\*(\w+)\)\([^)]*\)", r"\1", params)  # callbacks
    names = [re.findall(r"\w+", p)[-1] for p in params.split(",") if p.strip() not in ("", "void", "...")]
    return name, is_void, [n for n in names if n != "err"]


def problems(doc, is_void, params):
    if doc is None:
        return ["no comment"]
    text = re.sub(r"^\s*\* ?", "", doc, flags=re.M).strip()
    fields = FIELD.findall(text)
    out = [] if re.match(r"[^@]*\.", text) else ["no sentence at its start"]
    documented = [n for kind, n in fields if kind == "param" and n != "err"]
    if documented != params:
        out.append(f"@param {documented} instead of {params}")
    order = [kind for kind, _ in fields if kind != "param"]
    want = ([] if is_void else ["return"]) + ["since", "source"]
    if order != want:
        out.append(f"fields {order} instead of {want}")
    kinds = [kind for kind, _ in fields]
    if kinds != sorted(kinds, key="param return since source".split().index):
        out.append("@param behind other fields")
    return out


def main():
    bad = 0
    for path in sys.argv[1:]:
        text = Path(path).read_text()
        for m in DECLARATION.finditer(text):
            name, is_void, params = split(m["sig"])
            for p in problems(m["doc"], is_void, params):
                print(f"{path}:{text.count(chr(10), 0, m.start('sig')) + 1}: {name}: {p}")
                bad += 1
    sys.exit(bad > 0)


main()
