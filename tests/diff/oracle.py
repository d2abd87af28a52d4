#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Made modules and mutants of modules on all tiers and in outside engines. See README.md.

usage: oracle.py smith [--extra NAME] [--from SEED] [--batches N] [--oracle v8,wasmtime|none] [--write DIR]
       oracle.py made [--from SEED] [--batches N] [--oracle ...]      (by our own generator)
       oracle.py mutants [--from SEED] [--batches N] [--batch MUTANTS] [--oracle ...] [FILE...]
                         (of FILEs; without, of what smith and made make of that seed)
       oracle.py KIND --replay SEED [FILE...]                         (one batch; its files are kept)
Needs wasm-tools for smith, node (V8) with the proposals, the PyPI package wasmtime.
Paths: $WASM_TOOLS, $NODE, $WASMTIME_PYTHON (a Python that has the package).
"""
import argparse
import collections
import functools
import json
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
PYTHON = os.environ.get("WASMTIME_PYTHON", sys.executable)
WASM_TOOLS = os.environ.get("WASM_TOOLS", "wasm-tools")
BATCH = 100
# Proposals that some versions of V8 want to be asked for.
V8_MAYBE = ["--experimental-wasm-exnref", "--experimental-wasm-memory64", "--experimental-wasm-multi-memory",
            "--experimental-wasm-typed-funcref", "--no-wasm-lazy-validation"]

# On top of smith.json, which holds what every oracle has: (settings of wasm-smith, features of ours,
# oracles that can follow).
EXTRAS = {
    "": ({}, "", ("v8", "wasmtime")),
    "wide": ({"wide-arithmetic-enabled": True, "custom-page-sizes-enabled": True},
             "+wide-arithmetic,+custom-page-sizes", ("wasmtime",)),
    # arithmetic makes the canonical NaN only, and all bits are compared
    "nans": ({"canonicalize-nans": False}, "", ("wasmtime",)),
    # several results are allowed and each engine takes its own: our tiers only
    "relaxed": ({"relaxed-simd-enabled": True}, "", ()),
}

# Engines say some traps in words of their own, and some of ours in one word: classes of traps.
CLASSES = [
    (r"unreachable", "unreachable"),
    # an atomic access may be both: which is found first is open
    (r"unaligned|out of bounds memory access|memory access out of bounds|data segment.*out of bounds", "memory"),
    (r"out of bounds table access|table index is out of bounds|table access out of bounds|undefined element|"
     r"element segment.*out of bounds|(uninitialized element|indirect call type mismatch)|"
     r"null function or function signature mismatch", "table"),
    (r"integer divide by zero|divide by zero|remainder by zero", "divide"),
    (r"integer overflow|invalid conversion|float unrepresentable|divide result unrepresentable", "range"),
    (r"null reference|rethrowing null|dereferencing a null pointer", "null"),
    (r"expected shared memory|Atomics.wait cannot be called|unshared|non-shared memory", "wait"),
    (r"exception", "exception"),
]
# Refusals that are no verdict on the module: what an engine has not, or its own limits.
NOT_THERE = re.compile(r"(legacy exceptions|legacy_exceptions|mix of legacy|implementation limit)")


@functools.lru_cache(None)
def v8_flags():
    return [f for f in V8_MAYBE if subprocess.run([NODE, f, "-e", ""], capture_output=True, check=False).returncode == 0]


def oracle_command(oracle):
    if oracle == "v8":
        return [NODE, *v8_flags(), HERE / "replay_v8.js"]
    return [PYTHON, HERE / "replay_wasmtime.py"]


# -------- comparing --------

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
    if not ours[0].startswith("load ok") or not theirs[0].startswith("load ok"):
        return verdict(ours[0], theirs[0]), calls
    for a, b in zip((l for l in ours if not l.startswith("fuel ")), theirs):
        if b.startswith("skip"):
            return "cut: " + b.split(":")[1].strip()[:40], calls
        if a == "inst link":  # JavaScript's functions have no type, and imports there no order
            return "cut: two imports of one name", calls
        if " stopped: " in a or " stopped: " in b:
            return "stopped by a limit", calls
        if trap_class(a) != trap_class(b):
            return ("DIFFERS", a, b), calls
        calls += a.startswith("call ") and not a.endswith(" skipped")
    return "same", calls


def verdict(a, b):
    if a.startswith("load ok"):
        m = NOT_THERE.search(b)
        return "not there in theirs: " + m.group(1) if m else ("ACCEPTED", a, b)
    if b.startswith("load ok"):
        if a.startswith(("load WAX_E_UNSUPPORTED", "load WAX_E_LIMIT")):
            return "limit or feature: " + a.split()[1].rstrip(":")
        return ("REJECTED", a, b)
    return "both reject"


def transcripts(text):
    return [m.strip("\n").split("\n") for m in re.split(r"^module \d+\n", text, flags=re.M)[1:]]


# -------- batches --------

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
    done = subprocess.run([WASM_TOOLS, "smith", "--ensure-termination", "-f", "300", "-c", tmp / "smith.json",
                           "--available-imports", tmp / "imports.wasm", "-o", out, src],
                          capture_output=True, check=False)
    return out.read_bytes() if done.returncode == 0 else b""


def make_smith(seed, tmp, args):
    config = json.loads((HERE / "smith.json").read_text()) | EXTRAS[args.extra][0]
    (tmp / "smith.json").write_text(json.dumps(config))
    subprocess.run([WASM_TOOLS, "parse", HERE / "imports.wat", "-o", tmp / "imports.wasm"], check=True)
    return [m for m in (smith(seed * BATCH + i, tmp) for i in range(BATCH)) if m]


def make_made(seed, tmp, _args=None):
    made = tmp / "made"
    made.mkdir()
    # what it says of the tiers is said again by the comparison of the batch
    subprocess.run([DIFF_RUN, "decode", "--features", "-relaxed-simd", "--from", str(seed * BATCH), "--count", str(BATCH),
                    "--write", made], check=True, stdout=subprocess.DEVNULL)
    return [p.read_bytes() for p in sorted(made.glob("*.wasm"), key=lambda p: int(p.stem))]


def make_mutants(seed, tmp, args):
    files, out = args.files, tmp / "mutants.wxb"
    if not files:
        files = [tmp / "parents.wxb"]
        bundle(make_smith(seed, tmp, args) + make_made(seed, tmp), files[0])
    subprocess.run([DIFF_RUN, "mutate", "--seed", str(seed), "--count", str(args.batch), "--out", out, *files], check=True)
    return unbundle(out)


MAKERS = {"smith": make_smith, "made": make_made, "mutants": make_mutants}


def run(command, timeout=900):
    try:
        return subprocess.run(command, capture_output=True, encoding="latin1", check=False, timeout=timeout)
    except subprocess.TimeoutExpired as e:
        out = (e.stdout or b"").decode("latin1") if isinstance(e.stdout, bytes) else e.stdout or ""
        return subprocess.CompletedProcess(command, 124, out, f"took over {timeout} s")


def run_batch(kind, seed, args):
    """One batch: its modules, the comparison of our tiers, the plan, and what each oracle says to it."""
    tmp = Path(tempfile.mkdtemp(prefix="diff-"))
    try:
        modules = MAKERS[kind](seed, tmp, args)
        path = tmp / "batch.wxb"
        bundle(modules, path)
        common = ["--seed", str(seed), "--calls", str(args.per_func)]
        features = EXTRAS[args.extra][1] or ("-relaxed-simd" if args.files else "")
        common += ["--features", features] if features else []
        canonical = ["--canonical"] if args.extra == "nans" else []
        common += canonical
        ours = run([DIFF_RUN, "files", *common, path])
        said = {}
        for oracle in args.oracles:
            # mutants of files make NaNs with bits of their own, which a lane must not show
            plain = ["--plain"] if oracle == "v8" or args.files else []
            plan = run([DIFF_RUN, "plan", "--tier", args.tier, *plain, *common, path])
            (tmp / f"plan-{oracle}").write_text(plan.stdout, encoding="latin1")
            said[oracle] = (plan, run([*oracle_command(oracle), path, tmp / f"plan-{oracle}", *canonical]))
        return seed, modules, ours, said
    finally:
        if args.keep:
            print(f"# files of seed {seed}: {tmp}")
        else:
            shutil.rmtree(tmp)


# -------- the report --------

class Report:
    def __init__(self, args):
        self.args, self.bad, self.own, self.total = args, 0, 0, 0
        self.calls, self.table = collections.Counter(), collections.Counter()

    def fail(self, text):
        self.bad += 1
        print(text, flush=True)

    def module(self, oracle, name, a, b, code):
        result, n = compare(a, b)
        self.calls[oracle] += n
        if result == "lost":
            self.fail(f"{name}: {oracle} did not come to it")
        if isinstance(result, tuple):
            self.fail(f"{name}: {result[0]}\n  ours:  {result[1][:300]}\n  {oracle}: {result[2][:300]}")
            if self.args.write:
                Path(self.args.write).mkdir(parents=True, exist_ok=True)
                (Path(self.args.write) / (name.replace(" ", "-") + ".wasm")).write_bytes(code)
            result = result[0]
        self.table[oracle, result] += 1

    def batch(self, kind, seed, modules, ours, said):
        self.total += len(modules)
        m = re.search(r"(\d+) calls", ours.stdout)
        self.own += int(m.group(1)) if m else 0
        if ours.returncode:
            self.fail(f"TIERS DIFFER or harness failed, seed {seed}\n{ours.stdout[-2000:]}{ours.stderr[-500:]}")
        for oracle, (plan, answer) in said.items():
            if plan.returncode or answer.returncode:
                self.fail(f"{oracle} failed, seed {seed}: {plan.stderr[-300:]}{answer.stderr[-600:]}")
            a, b = transcripts(plan.stdout), transcripts(answer.stdout)
            for k, code in enumerate(modules):
                self.module(oracle, f"{kind} seed {seed} module {k}", a[k] if k < len(a) else [],
                            b[k] if k < len(b) else [], code)
        compared = "".join(f", {self.calls[o]} with {o}" for o in self.args.oracles)
        print(f"# {kind} seed {seed}: {len(modules)} modules; so far {self.total} modules, {self.own} calls on our "
              f"tiers{compared}, {self.bad} failed", flush=True)

    def close(self):
        print(f"{self.total} modules, {self.own} calls on our tiers alike")
        for oracle in self.args.oracles:
            print(f"{self.calls[oracle]} calls compared with {oracle}")
        for (oracle, what), n in sorted(self.table.items(), key=lambda item: (item[0][0], -item[1])):
            print(f"  {oracle:8} {n:8} {what}")
        print(f"{max(self.total - self.bad, 0)} passed, {self.bad} failed, 0 skipped")
        return self.bad > 0


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("kind", choices=MAKERS)
    p.add_argument("files", nargs="*")
    p.add_argument("--extra", default="", choices=EXTRAS)
    p.add_argument("--oracle", default="v8", help="v8, wasmtime, both as v8,wasmtime, or none")
    p.add_argument("--from", dest="first", type=int, default=1)
    p.add_argument("--batches", type=int, default=10)
    p.add_argument("--batch", type=int, default=1000)
    p.add_argument("--per-func", type=int, default=8)
    p.add_argument("--tier", default="interp", help="whose transcript the oracles replay")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--write")
    p.add_argument("--keep", action="store_true")
    p.add_argument("--replay", type=int, help="one batch of that seed; its files are kept")
    args = p.parse_intermixed_args()
    args.oracles = [] if args.oracle == "none" else args.oracle.split(",")
    args.oracles = [o for o in args.oracles if o in EXTRAS[args.extra][2]]
    seeds = range(args.first, args.first + args.batches)
    if args.replay is not None:
        seeds, args.keep = [args.replay], True
    report = Report(args)
    with ThreadPoolExecutor(args.jobs) as pool:
        for result in pool.map(lambda s: run_batch(args.kind, s, args), seeds):
            report.batch(args.kind, *result)
    sys.exit(report.close())


main()
