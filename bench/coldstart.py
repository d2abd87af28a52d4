# SPDX-License-Identifier: Apache-2.0
"""Cold start: wall time until a program has ended, or has printed its first line.

Every run of an engine is paired with one of the native static hello right before it; what counts
is the median of the differences, so that a slow moment of the machine meets both.
"""
import subprocess
from statistics import median
from typing import NamedTuple

import engines
import measure

FOLDER = engines.ROOT / "bench/cold"


class Case(NamedTuple):
    title: str
    module: str  # path
    args: tuple
    only: str  # prefix of the engines' names it is for


def build_hello(out, compiler, linker):
    """Returns the native static hello and the module hello.wasm."""
    out.mkdir(parents=True, exist_ok=True)
    native, wasm = out / "hello", out / "hello.wasm"
    source = FOLDER / "hello.c"
    for command in ([compiler, "-O2", "-static", source, "-o", native],
                    [compiler, "-O2", "--target=wasm32-unknown-unknown", "-nostdlib", linker,
                     "-Wl,--no-entry", "-Wl,--strip-all", source, "-o", wasm]):
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"bench: hello: {compiler} failed\n{done.stderr}")
    return native, wasm


def cases(hello, python, ruby):
    """The programs to start; python and ruby are paths of WASI builds, or empty."""
    chosen = [Case("hello.wasm", str(hello), (), ""),
              Case("hello.wat", str(FOLDER / "hello.wat"), (), "waxwing")]
    if python:
        chosen.append(Case("CPython, first line", python, ("-c", "print('hello')"), ""))
    if ruby:
        chosen.append(Case("Ruby, first line", ruby, ("-e", "puts 'hello'"), ""))
    return chosen


class Start:
    """Times of one case on one engine."""

    def __init__(self, engine, case):
        self.engine, self.case = engine, case
        self.native, self.whole, self.first, self.cpu, self.error = [], [], [], [], None

    def pair(self, native):
        if self.error:
            return
        before = measure.run([str(native)])
        result = measure.run(self.engine.command(self.case.module, *self.case.args), timeout=600)
        if result.status != 0 or not result.out.startswith(b"hello"):
            lines = result.err.decode(errors="replace").strip().split("\n")
            self.error = f"exit {result.status}: {lines[0][:160]}"
            return
        self.native.append(before.wall)
        self.whole.append(result.wall)
        self.first.append(result.first_line)
        self.cpu.append(result.cpu)

    def beyond_native(self):
        return median(w - n for w, n in zip(self.whole, self.native))

    def as_json(self):
        if self.error:
            return {"error": self.error}
        return {"native_wall_s": self.native, "wall_s": self.whole, "first_line_s": self.first,
                "cpu_s": self.cpu, "median_beyond_native_s": self.beyond_native()}


def time_case(case, native, found, pairs, progress):
    starts = [Start(e, case) for e in found if e.name.startswith(case.only)]
    for n in range(pairs):
        if n % 10 == 0:
            progress(f"{case.title} {n + 1}/{pairs}")
        for start in starts:
            start.pair(native)
    return starts


def markdown(results):
    """`results`: [(case, pairs, starts)]."""
    lines = []
    for case, pairs, starts in results:
        good = [s for s in starts if not s.error]
        native = [w for s in good for w in s.native]
        lines += [f"{case.title}: {pairs} pairs; native static hello "
                  f"{median(native) * 1e3:.2f} ms" if native else f"{case.title}: nobody ran it", "",
                  "| engine | first line ms | ends after ms | beyond native ms | CPU ms |",
                  "|---|--:|--:|--:|--:|"]
        for s in sorted(starts, key=lambda s: s.error is None and median(s.first) or 1e9):
            if s.error:
                lines.append(f"| {s.engine.name} | {s.error} | | | |")
            else:
                lines.append(f"| {s.engine.name} | {median(s.first) * 1e3:.2f} "
                             f"| {median(s.whole) * 1e3:.2f} | {s.beyond_native() * 1e3:.2f} "
                             f"| {median(s.cpu) * 1e3:.2f} |")
        lines.append("")
    return "\n".join(lines)
