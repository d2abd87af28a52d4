# SPDX-License-Identifier: Apache-2.0
"""The engines that may be compared, and which of them this machine has.

Nothing is downloaded. A peer is found on PATH, or named by WAXWING_PEER_<NAME>: a path, or a whole
command in which {wasm} stands for the module (the guest's arguments follow it).
"""
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

import measure

ROOT = Path(__file__).resolve().parent.parent
NODE_RUNNER = str(ROOT / "bench/wasi-runner.mjs")


class Engine(NamedTuple):
    name: str  # in tables and in --engines
    kind: str  # fast (compiles each function once, quickly), opt, interp; wasix: for its calls only
    program: str  # on PATH
    run: str  # command that runs {wasm}
    compile: str = ""  # command that compiles all of {wasm}, to {out} where it must write
    env: str = ""  # of WAXWING_PEER_...: where two engines are one program


NODE_LIFTOFF = "{program} --no-warnings --liftoff-only " + NODE_RUNNER
ENGINES = [
    Engine("waxwing-fast", "fast", "", "{program} --tier fast {wasm}",
           "{program} compile --tier fast {wasm}"),
    Engine("node-liftoff", "fast", "node", NODE_LIFTOFF + " {wasm}",
           "{program} --no-warnings --liftoff-only --no-wasm-lazy-compilation " + NODE_RUNNER +
           " --compile {wasm}", env="NODE"),
    Engine("winch", "fast", "wasmtime", "{program} run -C cache=n -C compiler=winch {wasm}",
           "{program} compile -C compiler=winch -C parallel-compilation=n -o {out} {wasm}",
           env="WASMTIME"),
    Engine("wazero", "fast", "wazero", "{program} run {wasm}",
           "{program} compile -cachedir {out} {wasm}"),
    Engine("singlepass", "fast", "wasmer", "{program} run --singlepass {wasm}",
           "{program} compile --singlepass -o {out} {wasm}"),
    Engine("waxwing-opt", "opt", "", "{program} --tier opt {wasm}"),
    Engine("node", "opt", "node", "{program} --no-warnings " + NODE_RUNNER + " {wasm}"),
    Engine("wasmtime", "opt", "wasmtime", "{program} run -C cache=n {wasm}",
           "{program} compile -C parallel-compilation=n -o {out} {wasm}"),
    Engine("waxwing-interp", "interp", "", "{program} --tier interp {wasm}"),
    Engine("wasm3", "interp", "wasm3", "{program} {wasm}"),
    Engine("wasmer", "wasix", "wasmer", "{program} run --net {wasm} --"),
    Engine("iwasm", "interp", "iwasm", "{program} --stack-size=8388608 {wasm}"),
]
NAMES = [e.name for e in ENGINES]
SUITE_KINDS = {"fast": ("fast", "opt"), "interp": ("interp",), "all": ("fast", "opt", "interp")}


class Found(NamedTuple):
    """An engine of this machine."""
    name: str
    kind: str
    version: str
    run: str  # commands with {wasm}, {out} left to fill in; compile may be ""
    compile: str

    def command(self, wasm, *args):
        return fill(self.run, wasm) + [str(a) for a in args]


def fill(template, wasm, out=""):
    return [part.replace("{wasm}", str(wasm)).replace("{out}", str(out))
            for part in shlex.split(template)]


def _peer(engine, suffix=""):
    """What the environment says about the engine, else about the program it shares."""
    for name in (engine.name, engine.env):
        named = os.environ.get("WAXWING_PEER_" + name.upper().replace("-", "_") + suffix, "")
        if name and named:
            return named
    return ""


def _version(program):
    for option in ("--version", "version"):
        result = measure.run([program, option], timeout=20)
        lines = (result.out or result.err).decode(errors="replace").strip().split("\n")
        if result.status == 0 and lines[0]:
            return re.sub(r"\s*[(\[].*", "", lines[0])
    return "version unknown"


def find(engine, waxwing):
    """The engine as this machine has it, or None."""
    if engine.name.startswith("waxwing"):
        program, run, compile_ = str(waxwing), engine.run, engine.compile
    else:
        named = _peer(engine)
        program = shutil.which(shlex.split(named)[0] if named else engine.program)
        run = named if "{wasm}" in named else engine.run
        compile_ = _peer(engine, "_COMPILE") or ("" if "{wasm}" in named else engine.compile)
    if program is None or not os.access(program, os.X_OK):
        return None
    quoted = shlex.quote(os.path.abspath(program))
    if "{wasm}" in run and not run.startswith("{program}"):
        first, _, rest = run.partition(" ")
        run = f"{quoted} {rest}" if first else run
    return Found(engine.name, engine.kind, _version(program), run.replace("{program}", quoted),
                 compile_.replace("{program}", quoted))


def find_all(names, waxwing):
    """Returns those there are, and the names of those there are not."""
    there, missing = [], []
    for engine in ENGINES:
        if engine.name in names:
            found = find(engine, waxwing)
            if found:
                there.append(found)
            else:
                missing.append(engine.name)
    return there, missing
