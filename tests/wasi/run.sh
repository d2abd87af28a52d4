#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the files guest in a fresh tree and looks outside the mount afterwards. usage: run.sh WAXWING GUEST
set -u
waxwing=$1 guest=$2
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree/data" "$tree/ro" "$tree/outside"
echo secret >"$tree/secret"
echo secret >"$tree/outside/secret"
echo keep >"$tree/ro/keep"
ln -s ../secret "$tree/data/outlink"
ln -s ../outside "$tree/data/outdir"
ln -s ../created "$tree/data/dangling"
mkfifo "$tree/data/fifo"
before=$(cd "$tree" && find . -path ./data -prune -o -print | sort; cat "$tree/secret" "$tree/ro/keep")
"$waxwing" --dir "$tree/data::/data" --dir "$tree/ro::/ro,ro" --env KEY=value "$guest" one "two words"
status=$?
after=$(cd "$tree" && find . -path ./data -prune -o -print | sort; cat "$tree/secret" "$tree/ro/keep")
if [ "$before" != "$after" ]; then
    echo "not ok - something outside the mount changed"
    exit 1
fi
exit "$status"
