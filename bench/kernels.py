# SPDX-License-Identifier: Apache-2.0
"""The kernels of bench/fast: building them, checking them, timing them on engines."""
import fnmatch
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import engines
import measure

FOLDER = engines.ROOT / "bench/fast"
COMMON = ["-O2", "-fno-math-errno", "-ffp-contract=off", "-std=gnu11", "-Wall", "-Wextra"]
NATIVE = ["-march=x86-64-v2"]
WASM = ["--target=wasm32-unknown-unknown", "-mbulk-memory", "-mnontrapping-fptoint", "-msign-ext",
        "-nostdlib", "-Wl,--no-entry", "-Wl,-z,stack-size=65536"]
INTERP_SHARE = 10  # interpreters do a tenth of the rounds; all counts of rounds divide by it
CHECK_ROUNDS = 3


class Kernel(NamedTuple):
    name: str
    group: str
    rounds: int
    simd: bool


class Built(NamedTuple):
    kernel: Kernel
    native: Path
    wasm: Path


def read_list(pattern="*"):
    """The kernels of kernels.tsv whose name or group matches one of the comma-separated globs."""
    kernels = []
    for line in (FOLDER / "kernels.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, group, rounds = line.split("\t")
            kernels.append(Kernel(name, group, int(rounds), group == "simd"))
    globs = pattern.split(",")
    return [k for k in kernels
            if any(fnmatch.fnmatch(k.name, g) or fnmatch.fnmatch(k.group, g) for g in globs)]


def linker():
    """The option that makes clang link wasm."""
    for name in ("wasm-ld-19", "wasm-ld"):
        for folder in os.environ["PATH"].split(":"):
            if os.access(f"{folder}/{name}", os.X_OK):
                return f"-fuse-ld={folder}/{name}"
    raise SystemExit("bench: no wasm-ld on PATH\nhint: apt-get install lld-19")


def _build_one(kernel, out, compiler, linker_option):
    built = Built(kernel, out / kernel.name, out / f"{kernel.name}.wasm")
    sources = [FOLDER / "main.c", FOLDER / f"{kernel.name}.c"]
    simd = ["-msimd128"] if kernel.simd else []
    for command in ([compiler, *COMMON, *NATIVE, *sources, "-o", built.native],
                    [compiler, *COMMON, *WASM, linker_option, *simd, *sources, "-o", built.wasm]):
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0 or done.stderr:
            raise SystemExit(f"bench: {kernel.name}: {compiler} failed\n{done.stderr}")
    return built


def build(kernels, out, compiler):
    out.mkdir(parents=True, exist_ok=True)
    found = linker()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda k: _build_one(k, out, compiler, found), kernels))


def output(result):
    """(checksum, nanoseconds measured by the guest), or None if it did not print them."""
    parts = result.out.split()
    if result.status != 0 or len(parts) != 2:
        return None
    return parts[0].decode(), int(parts[1])


def failure(result):
    lines = result.err.decode(errors="replace").strip().split("\n")
    return f"exit {result.status}: {lines[0][:200]}"


class Series:
    """Times of one kernel on one engine (None: native) over the alternating runs."""

    def __init__(self, built, engine):
        self.built, self.engine = built, engine
        share = INTERP_SHARE if engine and engine.kind == "interp" else 1
        self.rounds = built.kernel.rounds // share
        self.whole, self.idle, self.guest_ns = [], [], []
        self.checksum = self.error = None

    def command(self, rounds):
        if self.engine is None:
            return [str(self.built.native), str(rounds)]
        return self.engine.command(self.built.wasm, rounds)

    def run_once(self):
        """One run without work and one with, unless it has failed before."""
        if self.error:
            return
        for rounds, times in ((0, self.idle), (self.rounds, self.whole)):
            result = measure.run(self.command(rounds))
            printed = output(result)
            if printed is None:
                self.error = failure(result)
                return
            times.append(result.cpu)
        if self.checksum not in (None, printed[0]):
            self.error = f"WRONG: checksum changed from {self.checksum} to {printed[0]}"
        self.checksum = printed[0]
        self.guest_ns.append(printed[1])

    def name(self):
        return self.engine.name if self.engine else "native"

    def is_wrong(self):
        """Whether it computed something else; an engine that cannot run a kernel is not wrong."""
        return bool(self.error) and self.error.startswith("WRONG")

    def per_round(self):
        return (median(self.whole) - median(self.idle)) / self.rounds

    def as_json(self):
        if self.error:
            return {"error": self.error}
        return {"rounds": self.rounds, "cpu_s": self.whole, "start_up_cpu_s": self.idle,
                "guest_ns": self.guest_ns, "net_s_per_round": self.per_round()}


def _check_sum(series, native_sums):
    """Compares the checksum with what native code gives for as many rounds."""
    key = (series.built.kernel.name, series.rounds)
    if key not in native_sums:
        result = measure.run([str(series.built.native), str(series.rounds)])
        native_sums[key] = output(result)[0]
    if not series.error and series.checksum != native_sums[key]:
        series.error = f"WRONG: checksum {series.checksum}, native {native_sums[key]}"


def time_all(built, found, runs, progress):
    """Returns {kernel name: {engine name: Series}}, "native" among the engines."""
    table, native_sums = {}, {}
    for b in built:
        progress(b.kernel.name)
        row = {"native": Series(b, None)}
        row.update((e.name, Series(b, e)) for e in found)
        for _ in range(runs):
            for series in row.values():
                series.run_once()
        for series in row.values():
            _check_sum(series, native_sums)
        table[b.kernel.name] = row
    return table


def ratio(row, engine):
    """Time on the engine over native time, or None."""
    native, series = row["native"], row[engine]
    if native.error or series.error:
        return None
    return max(series.per_round(), 1e-9) / max(native.per_round(), 1e-9)


def means(table, kernels, names):
    """[(label, number of kernels, {engine: geomean})] over the sets of kernels that matter. An
    engine that failed one of a set has no mean over it."""
    sets = [("all", [k.name for k in kernels]),
            ("without simd", [k.name for k in kernels if not k.simd]),
            ("run by all", [k.name for k in kernels if all(ratio(table[k.name], n) for n in names)])]
    rows, seen = [], []
    for label, chosen in sets:
        if not chosen or chosen in seen:
            continue
        seen.append(chosen)
        values = {}
        for n in names:
            ratios = [ratio(table[k], n) for k in chosen]
            values[n] = measure.geomean(ratios) if all(ratios) else None
        rows.append((label, len(chosen), values))
    return rows


def markdown(table, kernels, found):
    names = [e.name for e in found]
    lines = ["| kernel | group | native ms | " + " | ".join(names) + " |",
             "|---|---|--:|" + "--:|" * len(names)]
    for k in kernels:
        row = table[k.name]
        native = row["native"]
        cells = []
        for n in names:
            r = ratio(row, n)
            cells.append(f"{r:.2f}" if r else "WRONG" if row[n].is_wrong() else "–")
        ms = "failed" if native.error else f"{native.per_round() * native.rounds * 1e3:.1f}"
        lines.append(f"| {k.name} | {k.group} | {ms} | " + " | ".join(cells) + " |")
    for label, n, values in means(table, kernels, names):
        cells = [f"**{values[e]:.2f}**" if values[e] else "–" for e in names]
        lines.append(f"| **geomean**, {label} | {n} kernels | | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def check(built, found):
    """Runs every kernel for a few rounds on every engine; prints TAP. Returns whether all agree."""
    good, n = True, 0
    for b in built:
        want = output(measure.run([str(b.native), str(CHECK_ROUNDS)]))
        for e in found:
            n += 1
            title = f"{n} {b.kernel.name} on {e.name}"
            result = measure.run(e.command(b.wasm, CHECK_ROUNDS))
            printed = output(result)
            if want is not None and printed is not None and printed[0] == want[0]:
                print(f"ok {title}")
            elif result.status == 69 and b"cannot run yet" in result.err:
                print(f"ok {title} # SKIP {failure(result)}")
            else:
                print(f"not ok {title}\n# {printed or failure(result)}, native {want}")
                good = False
    print(f"1..{n}")
    return good
