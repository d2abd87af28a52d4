#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Interpreter against native code (clang -O2, not vectorized): medians of alternating runs, as ratios.
# usage: run.sh [RUNS]
set -eu
cd "$(dirname "$0")/.."
runs=${1:-5}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
flags="-O2 -fno-vectorize -fno-slp-vectorize bench/kernels.c"
# shellcheck disable=SC2086 # words are meant to split
clang-19 $flags -o "$tmp/native"
# shellcheck disable=SC2086
clang-19 --target=wasm32-unknown-unknown -nostdlib -ffreestanding -fuse-ld="$(command -v wasm-ld-19)" \
    -Wl,--no-entry $flags -o "$tmp/kernels.wasm"
python3 - "$tmp" "$runs" <<'PY'
import math, resource, subprocess, sys
tmp, runs = sys.argv[1], int(sys.argv[2])
work = {"fib": 32, "sieve": 8, "matmul": 12, "crc": 3000000, "sort": 8}
def cpu(cmd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(cmd, capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime, out
ratios = []
print("kernel    native s  interp s  ratio")
for name, n in work.items():
    a, b = [], []
    for _ in range(runs):
        t, want = cpu([f"{tmp}/native", name, str(n)])
        a.append(t)
        t, got = cpu(["build/waxwing", "--invoke", f"{name}({n})", f"{tmp}/kernels.wasm"])
        b.append(t)
        assert want == got, (name, want, got)
    a.sort(); b.sort()
    x, y = a[runs // 2], b[runs // 2]
    ratios.append(y / max(x, 1e-3))
    print(f"{name:8} {x:9.3f} {y:9.3f} {ratios[-1]:6.1f}")
print(f"geomean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.1f} x native")
PY
