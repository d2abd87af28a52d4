#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The core test-suite in its JSON form. usage: run.sh WAXWING BUILD_DIR
# Found in $WAXWING_SPEC (unpacked), else in ../shared/spec beside the checkout (archive).
set -u
waxwing=$1 work=$2
groups="core bulk-memory tail-call multi-memory threads memory64 exceptions legacy-exceptions"
spec=${WAXWING_SPEC:-}
archive=$(dirname "$0")/../../../shared/spec/spec-dev.tar.xz
if [ -z "$spec" ] && [ -f "$archive" ]; then
    mkdir -p "$work/spec-suite"
    tar -xJf "$archive" -C "$work/spec-suite" || exit 1
    spec=$work/spec-suite/spec
fi
if [ -z "$spec" ]; then
    echo "the core suite is not here: set WAXWING_SPEC to a folder of its JSON form"
    echo "(made from the .wast files by wasm-tools json-from-wast, one folder a group)"
    exit 77
fi
passed=0 failed=0 skipped=0
for mode in "--tier interp" "--tier interp --checked" "--tier fast" "--tier fast --checked"; do
    for g in $groups; do
        # shellcheck disable=SC2086
        line=$("$waxwing" wast $mode "$spec/$g"/*.json | tail -1)
        echo "# $g $mode: $line"
        # shellcheck disable=SC2086 # words are meant to split
        set -- $line
        passed=$((passed + ${2:-0})) failed=$((failed + ${4:-1})) skipped=$((skipped + ${6:-0}))
    done
done
echo "total: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
