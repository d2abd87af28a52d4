#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Modules of wasm-smith, and mutants of modules, on all tiers and in V8. See README.md.

usage: oracle.py smith [--from SEED] [--batches N] [--tier T] [--write DIR]
       oracle.py mutants [--from SEED] [--batches N] [--batch MUTANTS] FILE...
       oracle.py smith|mutants --replay SEED [FILE...]   (one batch; its files are kept)
Needs node (V8) with the proposals; wasm-tools for smith. Paths: $NODE, $WASM_TOOLS.
"""
import argparse
import collections
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DIFF_RUN = Path(os.environ.get("DIFF_RUN", ROOT / "build/tests/diff/diff-run"))
NODE = os.environ.get("NODE", "node")
WASM_TOOLS = os.environ.get("WASM_TOOLS", "wasm-tools")
BATCH = 100
# Proposals that some versions of V8 want to be asked for.
V8_MAYBE = ["--experimental-wasm-exnref", "--experimental-wasm-memory64", "--experimental-wasm-multi-memory",
            "--experimental-wasm-typed-funcref", "--no-wasm-lazy-validation"]

# V8 says some traps in words of its own, and some of ours in one word: classes of traps.
CLASSES = [
    (r"unreachable", "unreachable"),
    # an atomic access may be both: which is found first is open
    (r"unaligned|out of bounds memory access|memory access out of bounds|data segment.*out of bounds", "memory"),
    (r"out of bounds table access|table index is out of bounds|table access out of bounds|"
     r"element segment.*out of bounds|(uninitialized element|indirect call type mismatch)|"
     r"null function or function signature mismatch", "table"),
    (r"integer divide by zero|divide by zero|remainder by zero", "divide"),
    (r"integer overflow|invalid conversion|float unrepresentable|divide result unrepresentable", "range"),
    (r"null reference|rethrowing null|dereferencing a null pointer", "null"),
    (r"expected shared memory|Atomics.wait cannot be called|unshared", "wait"),
    (r"exception", "exception"),
]


def v8_flags():
    return [f for f in V8_MAYBE if subprocess.run([NODE, f, "-e", ""], capture_output=True, check=False).returncode == 0]


def trap_class(line):
    head, sep, text = line.partition(" trap: ")
    if not sep:
        return line
    for pattern, name in CLASSES:
        if re.search(pattern, text):
            return f"{head} trap: {name}"
    return line


def compare(ours, theirs):
    """What a module came to: 'same', an explained reason, or the two lines that differ."""
    calls = 0
    if not ours or not theirs:
        return "lost", calls
    if ours[0] != theirs[0]:
        return verdict(ours[0], theirs[0]), calls
    for a, b in zip((l for l in ours if not l.startswith("fuel ")), theirs):
        if b.startswith("skip"):
            return "cut: " + b.split(":")[1].strip()[:40], calls
        if " stopped: " in a or " stopped: " in b:
            return "stopped by a limit", calls
        if trap_class(a) != trap_class(b):
            return ("DIFFERS", a, b), calls
        calls += a.startswith("call ")
    return "same", calls


def verdict(a, b):
    if a.startswith("load ok"):
        return ("ACCEPTED", a, b)
    if b.startswith("load ok"):
        if a.startswith(("load WAX_E_UNSUPPORTED", "load WAX_E_LIMIT")):
            return "limit or feature: " + a.split()[1].rstrip(":")
        return ("REJECTED", a, b)
    return "both reject"


def transcripts(text):
    return [m.strip("\n").split("\n") for m in re.split(r"^module \d+\n", text, flags=re.M)[1:]]


def bundle(modules, path):
    with open(path, "wb") as f:
        for m in modules:
            f.write(struct.pack("<I", len(m)) + m)


def unbundle(path):
    data, at, out = Path(path).read_bytes(), 0, []
    while at < len(data):
        (n,) = struct.unpack_from("<I", data, at)
        out.append(data[at + 4:at + 4 + n])
        at += 4 + n
    return out


def smith(seed, tmp):
    """A module of a seed; sizes vary with it."""
    rng = random.Random(seed)
    src, out = tmp / "seed", tmp / "out.wasm"
    src.write_bytes(rng.randbytes(rng.choice([400, 1500, 4000, 8000])))
    done = subprocess.run([WASM_TOOLS, "smith", "--ensure-termination", "-f", "300", "-c", HERE / "smith.json",
                           "--available-imports", tmp / "imports.wasm", "-o", out, src],
                          capture_output=True, check=False)
    return out.read_bytes() if done.returncode == 0 else b""


def make_smith(seed, tmp):
    subprocess.run([WASM_TOOLS, "parse", HERE / "imports.wat", "-o", tmp / "imports.wasm"], check=True)
    return [m for m in (smith(seed * BATCH + i, tmp) for i in range(BATCH)) if m]


def make_mutants(seed, tmp, files, count):
    out = tmp / "mutants.wxb"
    subprocess.run([DIFF_RUN, "mutate", "--seed", str(seed), "--count", str(count), "--out", out, *files], check=True)
    return unbundle(out)


def run_batch(kind, seed, args):
    tmp = Path(tempfile.mkdtemp(prefix="diff-"))
    try:
        if kind == "smith":
            modules = make_smith(seed, tmp)
        else:
            modules = make_mutants(seed, tmp, args.files, args.batch)
        path = tmp / "batch.wxb"
        bundle(modules, path)
        ours = subprocess.run([DIFF_RUN, "files", "--seed", str(seed), "--calls", str(args.per_func), path], capture_output=True, text=True, check=False)
        plan = subprocess.run([DIFF_RUN, "plan", "--tier", args.tier, "--seed", str(seed), "--calls", str(args.per_func),
                               path], capture_output=True, encoding="latin1", check=False)
        (tmp / "plan").write_text(plan.stdout, encoding="latin1")
        v8 = subprocess.run([NODE, *args.v8_flags, HERE / "v8.js", path, tmp / "plan"], capture_output=True,
                            encoding="latin1", check=False, timeout=600)
        return seed, modules, ours, plan, v8
    finally:
        if not args.keep:
            shutil.rmtree(tmp)


def report(kind, seed, k, result, module, args):
    name = f"{kind} seed {seed} module {k}"
    print(f"{name}: {result[0]}\n  ours:  {result[1][:300]}\n  V8:    {result[2][:300]}", flush=True)
    if args.write:
        Path(args.write).mkdir(parents=True, exist_ok=True)
        (Path(args.write) / f"{kind}-{seed}-{k}.wasm").write_bytes(module)


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("kind", choices=["smith", "mutants"])
    p.add_argument("files", nargs="*")
    p.add_argument("--from", dest="first", type=int, default=1)
    p.add_argument("--batches", type=int, default=10)
    p.add_argument("--batch", type=int, default=1000)
    p.add_argument("--per-func", type=int, default=8)
    p.add_argument("--tier", default="interp")
    p.add_argument("--write")
    p.add_argument("--keep", action="store_true")
    p.add_argument("--replay", type=int, help="one batch of that seed; its files are kept")
    args = p.parse_intermixed_args()
    args.v8_flags = v8_flags()
    seeds = range(args.first, args.first + args.batches)
    if args.replay is not None:
        seeds, args.keep = [args.replay], True
    table, bad, calls, own, total = collections.Counter(), 0, 0, 0, 0
    with ThreadPoolExecutor(2) as pool:
        for seed, modules, ours, plan, v8 in pool.map(lambda s: run_batch(args.kind, s, args), seeds):
            print(f"# {args.kind} seed {seed}: {len(modules)} modules", flush=True)
            if ours.returncode != 0 or plan.returncode != 0:
                print(f"TIERS DIFFER or harness failed, seed {seed}\n{ours.stdout[-2000:]}{ours.stderr[-500:]}{plan.stderr[-500:]}")
                bad += 1
            m = re.search(r"(\d+) calls", ours.stdout)
            own += int(m.group(1)) if m else 0
            if v8.returncode != 0:
                print(f"V8 failed, seed {seed}: {v8.stderr[-600:]}")
            a, b = transcripts(plan.stdout), transcripts(v8.stdout)
            for k, module in enumerate(modules):
                result, n = compare(a[k] if k < len(a) else [], b[k] if k < len(b) else [])
                calls += n
                total += 1
                if result == "lost":
                    bad += 1
                if isinstance(result, tuple):
                    bad += 1
                    report(args.kind, seed, k, result, module, args)
                    result = result[0]
                table[result] += 1
    print(f"{total} modules, {own} calls on our tiers alike, {calls} of them compared with V8")
    for what, n in table.most_common():
        print(f"  {n:8} {what}")
    print(f"{total - bad} passed, {bad} failed, 0 skipped")
    sys.exit(bad > 0)


main()
