#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The core test-suite, as .wast text and in its JSON form. usage: run.sh WAXWING BUILD_DIR ROUNDTRIP
# Found in $WAXWING_SPEC (unpacked), else in ../shared/spec beside the checkout (archive).
# Every group there runs but gc (types that are not supported); checked memories only from JSON.
set -u
waxwing=$1 work=$2 roundtrip=$3
spec=${WAXWING_SPEC:-}
archive=$(dirname "$0")/../../../shared/spec/spec-dev.tar.xz
if [ -z "$spec" ] && [ -f "$archive" ]; then
    mkdir -p "$work/spec-suite"
    tar -xJf "$archive" -C "$work/spec-suite" || exit 1
    spec=$work/spec-suite/spec
fi
if [ -z "$spec" ]; then
    echo "the core suite is not here: set WAXWING_SPEC to a folder of its .wast files or their JSON"
    echo "form (made by wasm-tools json-from-wast), one folder a group"
    exit 77
fi
passed=0 failed=0 skipped=0

# add SUFFIX OPTIONS LINE: a closing line of the group at hand
add() {
    echo "# $(basename "$group") $1 $2: $3"
    # shellcheck disable=SC2086 # words are meant to split
    set -- $3
    passed=$((passed + ${2:-0})) failed=$((failed + ${4:-1})) skipped=$((skipped + ${6:-0}))
}

# run_group SUFFIX OPTIONS FILES...: adds the totals
run_group() {
    suffix=$1 options=$2
    shift 2
    [ -f "$1" ] || return 0
    # shellcheck disable=SC2086 # options are words
    add "$suffix" "$options" "$("$waxwing" wast $options "$@" | tail -1)"
}

for group in "$spec"/*/; do
    [ "$(basename "$group")" = gc ] && continue
    for tier in interp fast; do
        run_group wast "--tier $tier" "$group"*.wast
        run_group json "--tier $tier" "$group"*.json
        run_group json "--tier $tier --checked" "$group"*.json
        run_group json "--tier $tier --deterministic" "$group"*.json
    done
    if [ -n "$(find "$group" -name '*.wast')" ]; then
        add printed "" "$("$roundtrip" "$group"*.wast | tail -1)"
    fi
done
echo "total: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
