#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the public wasi-testsuite's programs of preview1 and of wasi-threads.

usage: testsuite.py [--waxwing PATH] [--tier NAME]... [FOLDER]

FOLDER (or $WAXWING_WASI_TESTSUITE) is a copy of the suite with its prebuilt programs: all below it in
folders named wasm32-wasip1 or wasi-threads are run, of the latter also those there are as text only. What
a program gets and must answer is in the .json beside it. Each run has a fresh copy of its directory.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# doc/specification.md of the suite; what a test leaves out is not looked at but for the exit code
KEYS = {"args", "root", "env", "exit_code", "stdout", "stderr"}
LIMIT_SECONDS = 60
THREADS = "wasi-threads"


def run_with_input(line, silent):
    """With a standard input at its end, or a silent one, which readers wait for."""
    read, write = os.pipe()
    try:
        if not silent:
            os.close(write)
        return subprocess.run(line, capture_output=True, stdin=read, timeout=LIMIT_SECONDS,
                              check=False)
    finally:
        os.close(read)
        if silent:
            os.close(write)


class Program:
    def __init__(self, wasm):
        self.wasm = wasm
        self.threads = wasm.parent.name == THREADS
        spec = wasm.with_suffix(".json")
        self.spec = json.loads(spec.read_text()) if spec.exists() else {}
        unknown = set(self.spec) - KEYS
        if unknown:
            raise ValueError(f"{spec}: unknown keys {', '.join(sorted(unknown))}")

    @property
    def name(self):
        folder = THREADS if self.threads else self.wasm.parents[2].name
        return f"{folder}/{self.wasm.stem}"

    def command(self, waxwing, tier, tree, env):
        line = [waxwing, "run", "--tier", tier]
        for key, value in env.items():
            line += ["--env", f"{key}={value}"]
        if tree:
            line += ["--dir", f"{tree}::/"]
        return line + [str(self.wasm)] + self.spec.get("args", [])

    def run(self, waxwing, tier):
        """None, or what was wrong."""
        with tempfile.TemporaryDirectory(prefix="waxwing-suite-") as scratch:
            tree = None
            if self.spec.get("root"):
                tree = Path(scratch) / "root"
                shutil.copytree(self.wasm.parent / self.spec["root"], tree, symlinks=True)
            line = self.command(waxwing, tier, tree, self.spec.get("env", {}))
            try:
                done = run_with_input(line, silent=self.threads)
            except subprocess.TimeoutExpired:
                return f"not over after {LIMIT_SECONDS} s"
        return self.judge(done)

    def judge(self, done):
        want = self.spec.get("exit_code", 0)
        if done.returncode != want:
            return f"exit {done.returncode}, wanted {want}: {done.stderr.decode(errors='replace')}"
        for stream in ("stdout", "stderr"):
            got = getattr(done, stream).decode(errors="replace")
            if stream in self.spec and got != self.spec[stream]:
                return f"{stream} is {got!r}, wanted {self.spec[stream]!r}"
        return None


def programs_below(folder):
    folder = Path(folder)
    found = list(folder.rglob("wasm32-wasip1/*.wasm"))
    found += folder.rglob(f"{THREADS}/*.wasm")
    found += [t for t in folder.rglob(f"{THREADS}/*.wat") if not t.with_suffix(".wasm").exists()]
    return [Program(w) for w in sorted(found)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", default=os.environ.get("WAXWING_WASI_TESTSUITE"))
    parser.add_argument("--waxwing", default="build/waxwing")
    parser.add_argument("--tier", action="append", dest="tiers")
    args = parser.parse_args()
    if not args.folder:
        print("ok 1 - wasi-testsuite # SKIP set WAXWING_WASI_TESTSUITE to a copy of the suite "
              "(WebAssembly/wasi-testsuite, branch prod/testsuite-base)")
        return 77
    programs = programs_below(args.folder)
    if not programs:
        print(f"not ok - no wasm32-wasip1/*.wasm, wasi-threads/*.wasm below {args.folder}")
        return 1
    failed = 0
    tiers = args.tiers or ["interp", "fast"]
    for tier in tiers:
        for p in programs:
            trouble = p.run(args.waxwing, tier)
            failed += trouble is not None
            print(f"{'not ok' if trouble else 'ok'} - {p.name} ({tier})")
            for line in (trouble or "").splitlines():
                print(f"# {line}")
    print(f"{len(programs) * len(tiers) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
