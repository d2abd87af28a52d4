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
    told: int = 0  # what happens once: the program prints its ns itself, in so many processes a turn


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


LACKING = 69  # exit status of a program whose call is not there


class Timing:
    """Runs of one case on one engine: with its rounds, and with none."""

    def __init__(self, case):
        self.case, self.full, self.empty, self.error = case, [], [], None
        self.told = []  # ns
        self.lacks = False  # the engine lacks the call

    def take(self, command):
        many = self.case.told or 1
        for rounds, into in ((0, self.empty), (self.case.rounds, self.full)) * many:
            result = measure.run(command([self.case.name, str(rounds)]))
            if result.status != 0:
                self.lacks = result.status == LACKING
                said = (result.out + result.err).decode()[:200]
                self.error = f"exit {result.status}: {said}"
                return
            into.append(result)
            if self.case.told and rounds > 0:
                self.told.append(int(result.out))

    def _ns(self, value):
        work = median(map(value, self.full)) - median(map(value, self.empty))
        return work / self.case.rounds * 1e9

    def ns(self):
        """CPU time, or what the program told"""
        return median(self.told) if self.told else self._ns(lambda run: run.cpu)

    def wall_ns(self):
        return median(self.told) if self.told else self._ns(lambda run: run.wall)

    def as_json(self):
        if self.error:
            return {"error": self.error}
        return {"cpu_s": [r.cpu for r in self.full],
                "cpu_s_no_rounds": [r.cpu for r in self.empty], "ns": self.ns(),
                "wall_ns": self.wall_ns(), "told_ns": self.told}


def take_turns(cases, commands, runs, progress):
    """{case: {engine or native: Timing}}"""
    table = {}
    for case in cases:
        table[case] = {name: Timing(case) for name in commands}
        for i in range(runs):
            for name, command in commands.items():
                progress(f"{case.title}, {name}, run {i + 1} of {runs}")
                if not table[case][name].error:
                    table[case][name].take(command)
    return table


def time_all(out, compiler, found, runs, progress):
    """{case: {engine or native: Timing}}"""
    native, wasm = build(out, compiler)
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None  # memory: no disk in the numbers
    tree = Path(tempfile.mkdtemp(prefix="waxwing-bench-", dir=place))
    try:
        make_tree(tree)
        commands = {"native": lambda args: [str(native)] + args + [str(tree)]}
        for e in found:
            commands[e.name] = lambda args, e=e: guest_command(e, wasm, tree, args)
        return take_turns(CASES, commands, runs, progress)
    finally:
        shutil.rmtree(tree)


def cell(timing, native, wall):
    if timing.error:
        return "–"
    ns, case = timing.ns(), timing.case
    over = case.limit and ns > case.limit(native.ns())
    notes = [f"{ns / native.ns():.2f}×"]
    notes += [f"wall {timing.wall_ns() / native.wall_ns():.2f}×"] if wall else []
    notes += ["over"] if over else []
    return f"{ns:.0f} ({', '.join(notes)})"


def markdown(table, found, wall=False):
    lines = ["| ns per call | native | aim | " + " | ".join(e.name for e in found) + " |",
             "|---|---|---|" + "---|" * len(found)]
    for case, row in table.items():
        native = row["native"]
        if native.error:
            lines.append(f"| {case.title} | – | |" + " |" * len(found))
            continue
        aim = f"{case.limit(native.ns()):.0f}" if case.limit else ""
        cells = " | ".join(cell(row[e.name], native, wall) for e in found)
        lines.append(f"| {case.title} | {native.ns():.0f} | {aim} | {cells} |")
    lines += [""] + [f"{name}, {case.title}: {'not there' if t.lacks else t.error}"
                     for case, row in table.items() for name, t in row.items() if t.error]
    return "\n".join(lines).rstrip()
