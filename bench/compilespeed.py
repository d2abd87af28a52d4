# SPDX-License-Identifier: Apache-2.0
"""How fast engines compile all of a module: bytes of its code section per CPU second."""
import shutil
import tempfile
from pathlib import Path
from statistics import median

import engines
import measure

# Commands that do the front half only, for comparison; not every engine has one.
FRONT_ENDS = [("waxwing validate", "waxwing-interp", "validate {wasm}")]


def code_bytes(path):
    """Size of the module's code section."""
    data, at = memoryview(path.read_bytes()), 8
    if bytes(data[:4]) != b"\0asm":
        raise SystemExit(f"bench: {path}: not a wasm module")
    while at < len(data):
        section, size, shift = data[at], 0, 0
        while True:
            at += 1
            size |= (data[at] & 0x7F) << shift
            shift += 7
            if data[at] < 0x80:
                break
        at += 1
        if section == 10:
            return size
        at += size
    raise SystemExit(f"bench: {path}: no code section")


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


class Compiler:
    def __init__(self, name, version, template, idle_template=""):
        self.name, self.version = name, version
        self.template, self.idle_template = template, idle_template
        self.times, self.idle, self.error = [], [], None

    def run_once(self, module, empty, folder):
        """One run on the module and one on an empty module, the start-up to subtract."""
        if self.error:
            return
        for wasm, times in ((empty, self.idle), (module, self.times)):
            out = folder / "out"
            result = measure.run(engines.fill(self.template, wasm, out))
            _remove(out)
            if result.status != 0:
                lines = result.err.decode(errors="replace").strip().split("\n")
                self.error = f"exit {result.status}: {lines[0][:160]}"
                return
            times.append(result.cpu)

    def net(self):
        return max(median(self.times) - median(self.idle), 1e-6)


def compilers(found):
    """What can be measured of the engines found."""
    chosen = []
    by_name = {e.name: e for e in found}
    for title, needs, arguments in FRONT_ENDS:
        if needs in by_name:
            program = by_name[needs].run.split(" ")[0]
            chosen.append(Compiler(title, by_name[needs].version, f"{program} {arguments}"))
    chosen += [Compiler(e.name, e.version, e.compile) for e in found if e.compile]
    return chosen


def time_module(module, chosen, runs, progress):
    """Runs every compiler alternately on `module`."""
    with tempfile.TemporaryDirectory(prefix="waxwing-bench-") as name:
        folder = Path(name)
        empty = folder / "empty.wasm"
        empty.write_bytes(b"\0asm\1\0\0\0")
        for n in range(runs):
            for c in chosen:
                progress(f"{module.name} {n + 1}/{runs} {c.name}")
                c.run_once(module, empty, folder)


def markdown(module, chosen):
    size = code_bytes(module)
    total = module.stat().st_size
    lines = [f"{module.name}: {size / 1e6:.1f} MB of code in {total / 1e6:.1f} MB", "",
             "| compiler | CPU s | MB of code / CPU s |", "|---|--:|--:|"]
    for c in chosen:
        if c.error:
            lines.append(f"| {c.name} | – | {c.error} |")
        else:
            lines.append(f"| {c.name} | {c.net():.3f} | {size / 1e6 / c.net():.1f} |")
    return "\n".join(lines)


def as_json(module, chosen):
    return {"module": module.name, "bytes": module.stat().st_size, "code_bytes": code_bytes(module),
            "compilers": {c.name: {"error": c.error} if c.error else
                          {"cpu_s": c.times, "start_up_cpu_s": c.idle, "net_s": c.net()}
                          for c in chosen}}
