# SPDX-License-Identifier: Apache-2.0
"""Threads, futexes, pipes, sockets and processes of WASIX, against those of the host."""
import subprocess

import engines
from wasicalls import Case, take_turns

FOLDER = engines.ROOT / "bench/wasix"
SDK = engines.ROOT / "sdk"
ENGINES = ("waxwing-fast", "waxwing-interp", "wasmer")
MEMORY = 128 << 20  # most bytes the guest may have

CASES = [
    Case("spawn", "thread: start, join", 5000, lambda ns: 2 * ns),
    Case("mutex", "mutex: lock, unlock", 20000000, lambda ns: 1.2 * ns),
    Case("futex", "futex: there and back", 50000, lambda ns: 1.3 * ns),
    Case("pipe", "pipe: 1 byte there and back", 50000, lambda ns: 1.5 * ns),
    Case("echo", "TCP: 64 bytes there and back", 30000, lambda ns: 1.3 * ns),
    Case("fork", "fork, first: 64 MiB in use", 1, lambda ns: 2 * ns, told=5),
    Case("forks", "fork, later: 1 MiB written", 20, lambda ns: 2 * ns),
]


def build(out, compiler, linker):
    """calls.c natively, and with the guest SDK."""
    out.mkdir(parents=True, exist_ok=True)
    native, wasm, source = out / "wasix-calls", out / "wasix-calls.wasm", FOLDER / "calls.c"
    guest = ["--target=wasm32-unknown-unknown", "-ffreestanding", "-matomics", "-mbulk-memory",
             "-nostdlib", f"-I{SDK / 'include'}", linker, "-Wl,--no-entry",
             "-Wl,--import-memory", "-Wl,--shared-memory", f"-Wl,--max-memory={MEMORY}",
             "-Wl,--export=__stack_pointer", "-Wl,--export=wasi_thread_start",
             "-Wl,--export=_start", SDK / "src/guest.c"]
    for command in ([compiler, "-O2", "-pthread", source, "-o", native],
                    [compiler, "-O2", *guest, source, "-o", wasm]):
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"bench: calls: {compiler} failed\n{done.stderr}")
    return native, wasm


def guest_command(engine, wasm, args):
    """The engine's command, with the loopback interface given to it."""
    line = engine.command(wasm)
    at = line.index(str(wasm))
    net = ["--net", "loopback"] if engine.name.startswith("waxwing") else []
    return line[:at] + net + line[at:] + args


def time_all(out, compiler, linker, found, runs, progress):
    """{case: {engine or native: Timing}}"""
    native, wasm = build(out, compiler, linker)
    commands = {"native": lambda args: [str(native)] + args}
    for e in found:
        commands[e.name] = lambda args, e=e: guest_command(e, wasm, args)
    return take_turns(CASES, commands, runs, progress)
