# SPDX-License-Identifier: Apache-2.0
"""Calls of WASI: nanoseconds each, against the system calls they stand for."""
import shutil
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Callable, NamedTuple, Optional

import engines
import measure

SOURCE = engines.ROOT / "bench/wasi/calls.c"
ENGINES = ("waxwing-fast", "waxwing-interp", "winch", "wasmtime")


class Case(NamedTuple):
    name: str  # first argument of the program
    title: str
    rounds: int  # some tenths of a second natively
    limit: Optional[Callable] = None  # ns we aim at, of the native ns


CASES = [
    Case("fd_read", "fd_read, 4 KiB", 100000, lambda ns: 1.15 * ns + 80),
    Case("fd_write", "fd_write, 4 KiB", 100000, lambda ns: 1.15 * ns + 80),
    Case("clock", "clock_time_get", 1000000, lambda ns: ns + 60),
    Case("stat", "stat, 1 component", 100000, lambda ns: 1.5 * ns),
    Case("stat4", "stat, 4 components", 60000, lambda ns: 3 * ns),
    Case("open_close", "path_open, fd_close", 60000),
    Case("list", "listing 1,000 entries", 100, lambda ns: 2 * ns),
    Case("random", "random_get, 32 bytes", 100000),
    Case("yield", "sched_yield", 200000),
]


def build(out, compiler):
    out.mkdir(parents=True, exist_ok=True)
    native, wasm = out / "calls", out / "calls.wasm"
    for command in ([compiler, "-O2", SOURCE, "-o", native],
                    [compiler, "-O2", "--target=wasm32-wasi",
                     f"-I{engines.ROOT / 'sdk/include'}", SOURCE, "-o", wasm]):
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"bench: calls: {compiler} failed\n{done.stderr}")
    return native, wasm


def make_tree(top):
    (top / "a/b/c").mkdir(parents=True)
    (top / "many").mkdir()
    for name in ("f", "out"):
        (top / name).write_bytes(bytes(1 << 20))
    (top / "a/b/c/f").write_text("x")
    for i in range(1000):
        (top / f"many/file-{i:04}").write_text("")


def guest_command(engine, wasm, tree, args):
    """The engine's command with the directory given to it: both know --dir HOST::GUEST."""
    line = engine.command(wasm)
    at = line.index(str(wasm))
    return line[:at] + ["--dir", f"{tree}::/data"] + line[at:] + args


class Timing:
    """CPU seconds of one case on one engine: with its rounds, and with none."""

    def __init__(self, case):
        self.case, self.full, self.empty, self.error = case, [], [], None

    def take(self, command):
        for rounds, into in ((0, self.empty), (self.case.rounds, self.full)):
            result = measure.run(command([self.case.name, str(rounds)]))
            if result.status != 0:
                self.error = f"exit {result.status}: {(result.out + result.err).decode()[:200]}"
                return
            into.append(result.cpu)

    def ns(self):
        return (median(self.full) - median(self.empty)) / self.case.rounds * 1e9

    def as_json(self):
        if self.error:
            return {"error": self.error}
        return {"cpu_s": self.full, "cpu_s_no_rounds": self.empty, "ns": self.ns()}


def time_all(out, compiler, found, runs, progress):
    """{case: {engine or native: Timing}}"""
    native, wasm = build(out, compiler)
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None  # memory: no disk in the numbers
    tree = Path(tempfile.mkdtemp(prefix="waxwing-bench-", dir=place))
    table = {}
    try:
        make_tree(tree)
        commands = {"native": lambda args: [str(native)] + args + [str(tree)]}
        for e in found:
            commands[e.name] = lambda args, e=e: guest_command(e, wasm, tree, args)
        for case in CASES:
            table[case] = {name: Timing(case) for name in commands}
            for i in range(runs):
                for name, command in commands.items():
                    progress(f"{case.title}, {name}, run {i + 1} of {runs}")
                    if not table[case][name].error:
                        table[case][name].take(command)
    finally:
        shutil.rmtree(tree)
    return table


def cell(timing, native):
    if timing.error:
        return "–"
    ns, case = timing.ns(), timing.case
    over = case.limit and ns > case.limit(native)
    return f"{ns:.0f} ({ns / native:.2f}×{', over' if over else ''})"


def markdown(table, found):
    lines = ["| ns per call | native | aim | " + " | ".join(e.name for e in found) + " |",
             "|---|---|---|" + "---|" * len(found)]
    for case, row in table.items():
        native = row["native"].ns()
        aim = f"{case.limit(native):.0f}" if case.limit else ""
        cells = " | ".join(cell(row[e.name], native) for e in found)
        lines.append(f"| {case.title} | {native:.0f} | {aim} | {cells} |")
    lines += [f"{e.name}, {case.title}: {row[e.name].error}" for case, row in table.items()
              for e in found if row[e.name].error]
    return "\n".join(lines)
