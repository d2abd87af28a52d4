#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks: kernels, compile speed, cold start, calls of WASI and WASIX. See README.md."""
import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import coldstart
import compilespeed
import engines
import kernels
import measure
import wasicalls
import wasixcalls


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def parse_arguments():
    p = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    p.add_argument("suite", nargs="?", default="all",
                   choices=["all", "fast", "interp", "compile", "cold", "wasi", "wasix", "check"],
                   help="all (default): kernels on every engine; fast, interp: on that kind; "
                        "compile: speed of compiling; cold: starting; wasi: calls of WASI; "
                        "wasix: threads, pipes, sockets, processes; check: only compare results")
    p.add_argument("--runs", type=int, default=5, help="alternating runs (5)")
    p.add_argument("--pairs", type=int, default=51, help="pairs of hello in suite cold (51)")
    p.add_argument("--kernels", default="*", metavar="GLOBS", help="names or groups, by commas")
    p.add_argument("--engines", metavar="NAMES", help=f"by commas: {', '.join(engines.NAMES)}")
    p.add_argument("--module", action="append", type=Path, metavar="PATH",
                   help="suite compile: module to compile ($WAXWING_BENCH_MODULES, by colons)")
    p.add_argument("--python", default=os.environ.get("WAXWING_BENCH_PYTHON", ""), metavar="PATH",
                   help="suite cold: CPython for WASI, one file ($WAXWING_BENCH_PYTHON)")
    p.add_argument("--ruby", default=os.environ.get("WAXWING_BENCH_RUBY", ""), metavar="PATH",
                   help="suite cold: Ruby for WASI, one file ($WAXWING_BENCH_RUBY)")
    p.add_argument("--waxwing", default=engines.ROOT / "build/waxwing", type=Path, metavar="PATH")
    p.add_argument("--out", default=engines.ROOT / "build/bench", type=Path, metavar="DIR",
                   help="where programs, SUITE.md and SUITE.json go (build/bench)")
    p.add_argument("--cc", default="clang-19", help="compiler of the kernels (clang-19)")
    return p.parse_args()


def tier_is_there(found, hello):
    """Whether an engine of ours runs hello at all: a tier may be missing in a build."""
    return not found.name.startswith("waxwing") or measure.run(found.command(hello)).status == 0


def choose_engines(options, compiler):
    if options.engines:
        names = options.engines.split(",")
        for name in set(names) - set(engines.NAMES):
            raise SystemExit(f"bench: no engine '{name}'\nhint: {', '.join(engines.NAMES)}")
    elif options.suite == "check":
        names = [n for n in engines.NAMES if n.startswith("waxwing")]
    elif options.suite == "wasi":
        names = list(wasicalls.ENGINES)
    elif options.suite == "wasix":
        names = list(wasixcalls.ENGINES)
    else:
        kinds = engines.SUITE_KINDS.get(options.suite, engines.SUITE_KINDS["all"])
        names = [e.name for e in engines.ENGINES if e.kind in kinds]
    there, missing = engines.find_all(names, options.waxwing)
    _, hello = coldstart.build_hello(options.out, compiler, kernels.linker())
    absent = [e.name for e in there if not tier_is_there(e, hello)]
    if options.engines and missing + absent:
        raise SystemExit(f"bench: not here: {', '.join(missing + absent)}")
    return [e for e in there if e.name not in absent], missing + absent


def write_report(options, title, text, data, machine, found, missing):
    facts = machine.facts()
    lines = [f"# {title}", "", measure.machine_line(facts), ""]
    lines += [f"- {e.name}: {e.version}, `{e.run}`" for e in found]
    if missing:
        lines.append(f"- not here: {', '.join(missing)}")
    report = "\n".join(lines).replace(str(engines.ROOT) + "/", "") + "\n\n" + text + "\n"
    data = {"suite": options.suite, "machine": facts, "missing": missing,
            "engines": {e.name: {"version": e.version, "kind": e.kind, "run": e.run}
                        for e in found}, **data}
    stem = options.out / options.suite
    stem.with_suffix(".md").write_text(report)
    stem.with_suffix(".json").write_text(json.dumps(data, indent=1) + "\n")
    progress("")
    print(report)


def bench_kernels(options, found, missing, machine):
    chosen = kernels.read_list(options.kernels)
    if not chosen:
        raise SystemExit(f"bench: no kernel matches '{options.kernels}'")
    built = kernels.build(chosen, options.out, options.cc)
    if options.suite == "check":
        return kernels.check(built, found)
    table = kernels.time_all(built, found, options.runs, progress)
    title = f"Time over native time, net of start-up: medians of {options.runs} alternating runs"
    data = {"kernels": {k: {n: s.as_json() for n, s in row.items()} for k, row in table.items()}}
    write_report(options, title, kernels.markdown(table, chosen, found), data, machine, found,
                 missing)
    wrong = [s for row in table.values() for s in row.values() if s.is_wrong()]
    for s in wrong:
        print(f"bench: {s.built.kernel.name} on {s.name()}: {s.error}", file=sys.stderr)
    return not wrong


def bench_compile(options, found, missing, machine):
    named = os.environ.get("WAXWING_BENCH_MODULES", "").split(":")
    modules = options.module or [Path(m) for m in named if m]
    if not modules:
        raise SystemExit("bench: compile: which module?\n"
                         "hint: --module PATH, or WAXWING_BENCH_MODULES=PATH:PATH")
    texts, data = [], []
    for module in modules:
        chosen = compilespeed.compilers(found)
        compilespeed.time_module(module, chosen, options.runs, progress)
        texts.append(compilespeed.markdown(module, chosen))
        data.append(compilespeed.as_json(module, chosen))
    title = f"Compiling whole modules: medians of {options.runs} alternating runs, net of start-up"
    write_report(options, title, "\n\n".join(texts), {"modules": data}, machine, found, missing)
    return True


def bench_cold(options, found, missing, machine):
    native, hello = coldstart.build_hello(options.out, options.cc, kernels.linker())
    results = []
    for case in coldstart.cases(hello, options.python, options.ruby):
        pairs = options.pairs if case.title.startswith("hello") else options.runs
        results.append((case, pairs, coldstart.time_case(case, native, found, pairs, progress)))
    data = {"cases": {case.title: {s.engine.name: s.as_json() for s in starts}
                      for case, _, starts in results}}
    write_report(options, "Cold start: medians of paired runs", coldstart.markdown(results), data,
                 machine, found, missing)
    return True


def bench_wasi(options, found, missing, machine):
    table = wasicalls.time_all(options.out, options.cc, found, options.runs, progress)
    text = wasicalls.markdown(table, found)
    return report_calls(options, "WASI calls", table, text, machine, found, missing)


def bench_wasix(options, found, missing, machine):
    table = wasixcalls.time_all(options.out, options.cc, kernels.linker(), found, options.runs,
                                progress)
    text = wasicalls.markdown(table, found, wall=True)
    return report_calls(options, "WASIX calls", table, text, machine, found, missing)


def report_calls(options, what, table, text, machine, found, missing):
    data = {"cases": {case.name: {n: t.as_json() for n, t in row.items()}
                      for case, row in table.items()}}
    title = f"{what}: CPU time, net of start-up, medians of {options.runs} alternating runs"
    write_report(options, title, text, data, machine, found, missing)
    return not any(t.error and not t.lacks for row in table.values() for t in row.values())


def main():
    options = parse_arguments()
    if not shutil.which(options.cc):
        raise SystemExit(f"bench: no {options.cc} on PATH")
    found, missing = choose_engines(options, options.cc)
    suites = {"compile": bench_compile, "cold": bench_cold, "wasi": bench_wasi,
              "wasix": bench_wasix}
    bench = suites.get(options.suite, bench_kernels)
    return 0 if bench(options, found, missing, measure.Machine()) else 1


if __name__ == "__main__":
    sys.exit(main())
