#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks of the tree: layers, headers alone, symbols, licence lines, generated files, scripts.
# usage: check-repo.sh LIBWAXWING.so BUILD_DIR
set -u
lib=$1 build=$2
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

# Declared in the headers = listed in the map = exported; that all are documented is check-docs.py's.
symbols() {
    python3 - >"$tmp/declared" <<'PY'
import glob, re
text = "".join(open(f).read() for f in glob.glob("include/waxwing/*.h"))
text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
names = re.findall(r"WAX_API(?:\s+WAX_MUST_USE)?[^;(]*?\b(wax_\w+)\s*\(", text)
print("\n".join(sorted(set(names))))
PY
    sed -n 's/^ *\(wax_[a-z0-9_]*\);$/\1/p' src/libwaxwing.map | LC_ALL=C sort >"$tmp/listed"
    nm -D --defined-only "$lib" | awk '{print $3}' | sed 's/@.*//' | grep -v '^WAXWING_' |
        LC_ALL=C sort -u >"$tmp/exported"
    LC_ALL=C sort -o "$tmp/declared" "$tmp/declared"
    diff "$tmp/declared" "$tmp/listed" && diff "$tmp/listed" "$tmp/exported"
}

# Files of the repository; without git (an unpacked archive) those that are not built.
files() {
    git ls-files -co --exclude-standard 2>/dev/null ||
        find . -path './build*' -prune -o -type f -print | sed 's,^\./,,'
}

sources() { files | grep -E '\.(c|h|cc)$' | grep -vxFf .clang-format-ignore; }

scripts() { files | while read -r f; do
    head -c 32 "$f" 2>/dev/null | head -1 | grep -qE '^#!.*(/| )(ba)?sh$' && echo "$f"
done; }

licences() {
    files | grep -E '\.(c|cc|h|S|def|py|sh|build|inc|map|go|rs)$|^dev$|^\.ci/run$|meson_options.txt$' |
        while read -r f; do
            head -3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f"
        done >"$tmp/missing"
    [ "$(files | wc -l)" -gt 100 ] || { echo "no files found"; return 1; }
    [ ! -s "$tmp/missing" ] || { cat "$tmp/missing"; return 1; }
}

# The second line of every C file says what it is.
first_lines() {
    sources | while read -r f; do
        sed -n 2p "$f" | grep -qE '^(/\*|//) .' || echo "$f: no line saying what it is"
    done >"$tmp/missing"
    [ ! -s "$tmp/missing" ] || { cat "$tmp/missing"; return 1; }
}

# Every folder with sources has a README of 20 to 60 lines that names a reading order and the tests.
readmes() {
    find src -name '*.c' -exec dirname {} \; | grep -v x86_64 | sort -u | while read -r d; do
        [ -f "$d/README.md" ] || { echo "$d: no README.md"; continue; }
        n=$(wc -l <"$d/README.md")
        [ "$n" -ge 20 ] && [ "$n" -le 60 ] || echo "$d/README.md: $n lines, wanted 20 to 60"
        grep -qi 'reading order' "$d/README.md" || echo "$d/README.md: no reading order"
        grep -q 'ests' "$d/README.md" || echo "$d/README.md: does not say how it is tested"
    done >"$tmp/missing"
    [ ! -s "$tmp/missing" ] || { cat "$tmp/missing"; return 1; }
}

formatting() { sources | xargs clang-format-19 --dry-run --Werror; }

# Spelling; words of wasm and our own that look like mistakes are in tools/words.txt.
spelling() {
    files | grep -E '\.(c|h|cc|md|py|sh|1|build|S)$|^dev$' |
        xargs codespell --ignore-words tools/words.txt
}

shell_scripts() { scripts | xargs shellcheck; }

# Only layers and the command; op bodies have their own dialect of clang.
tidy() {
    run-clang-tidy-19 -quiet -p "$build" -j "$(nproc)" '/(src|cli)/.*\.c$' >"$tmp/tidy" 2>/dev/null &&
        return 0
    grep -E 'warning:|error:' "$tmp/tidy" | sort -u
    return 1
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
check public-comments python3 tools/check-docs.py include/waxwing/*.h
check licence-lines licences
check first-lines first_lines
check readmes readmes
check function-sizes function_sizes
check guest-header python3 tools/gen-sdk.py header --check sdk/include/waxwing/imports.h
check stencils python3 tools/gen-stencils.py clang-19 x86_64 src/engine/jit/stencils_x86_64.inc --check
check_if qemu-aarch64 stencils-aarch64 python3 tools/gen-stencils.py clang-19 aarch64
check features python3 tools/gen-features.py --check docs/features.md
check abi-status python3 tools/gen-sdk.py status --check docs/abi-status.md
check_if clang-format-19 formatting formatting
if [ -n "${WAXWING_TIDY:-}" ]; then
    check_if run-clang-tidy-19 clang-tidy tidy
else
    skipped=$((skipped + 1))
    echo "ok - clang-tidy # SKIP takes minutes (./dev lint runs it)"
fi
check_if codespell spelling spelling
check_if shellcheck scripts shell_scripts
check_if mandoc man-pages mandoc -Tlint -Wwarning docs/man/waxwing.1
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
