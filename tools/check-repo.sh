#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks of the tree: layers, headers alone, symbols, licence lines, generated files, scripts.
# usage: check-repo.sh LIBWAXWING.so
set -u
lib=$1
passed=0 failed=0 skipped=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

check() { # NAME COMMAND...
    name=$1
    shift
    if "$@" >"$tmp/out" 2>&1; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name"
        sed 's/^/# /' "$tmp/out"
    fi
}

check_if() { # TOOL NAME COMMAND...
    tool=$1
    shift
    if command -v "$tool" >/dev/null 2>&1; then
        check "$@"
    else
        skipped=$((skipped + 1))
        echo "ok - $1 # SKIP $tool is not installed (./dev lint installs it)"
    fi
}

headers_alone() {
    for h in include/waxwing/*.h; do
        for std in c99 c11; do
            printf '#include <waxwing/%s>\nint alone;\n' "$(basename "$h")" >"$tmp/h.c"
            clang-19 -std=$std -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$tmp/h.c" || return 1
        done
        cp "$tmp/h.c" "$tmp/h.cc"
        clang-19 -x c++ -nostdinc++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude \
            -fsyntax-only "$tmp/h.cc" || return 1
    done
}

symbols() {
    python3 - >"$tmp/declared" <<'PY'
import glob, re
text = "".join(open(f).read() for f in glob.glob("include/waxwing/*.h"))
text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
names = re.findall(r"WAX_API(?:\s+WAX_MUST_USE)?[^;(]*?\b(wax_\w+)\s*\(", text)
print("\n".join(sorted(set(names))))
PY
    nm -D --defined-only "$lib" | awk '{print $3}' | sed 's/@.*//' | grep '^wax_' | sort -u >"$tmp/exported"
    diff "$tmp/declared" "$tmp/exported"
}

licences() {
    git ls-files -co --exclude-standard 2>/dev/null | grep -E '\.(c|h|S|def|py|sh|build|inc)$|^dev$|^.ci/run$' |
        while read -r f; do
            head -3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f"
        done >"$tmp/missing"
    [ ! -s "$tmp/missing" ] || { cat "$tmp/missing"; return 1; }
}

function_sizes() {
    python3 - <<'PY'
import glob, re, sys
bad = 0
for f in glob.glob("src/**/*.c", recursive=True) + glob.glob("cli/*.c"):
    start = None
    for n, line in enumerate(open(f), 1):
        if line.startswith("{"):
            start = n
        elif line.startswith("}") and start:
            if n - start > 120:
                print(f"{f}:{start}: function of {n - start} lines")
                bad = 1
            start = None
sys.exit(bad)
PY
}

check layers python3 tools/check-layers.py
check headers-alone headers_alone
check symbols symbols
check licence-lines licences
check function-sizes function_sizes
check guest-header python3 tools/gen-sdk.py header --check sdk/include/waxwing/imports.h
check stencils python3 tools/gen-stencils.py clang-19 src/engine/jit/stencils_x86_64.inc --check
check abi-status python3 tools/gen-sdk.py status --check docs/abi-status.md
check_if shellcheck scripts shellcheck dev .ci/run tools/check-repo.sh tests/cli/run.sh tests/spec/run.sh \
    tests/wasi/run.sh
check_if mandoc man-pages mandoc -Tlint -Wwarning docs/man/waxwing.1
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
