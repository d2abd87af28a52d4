#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs in C, C++, Go and Rust as guests, their output and files compared with the same program run
# natively. A language without its tools is skipped, with the reason. usage: run.sh WAXWING WORK_DIR
set -u
waxwing=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work"
passed=0 failed=0 skipped=0

# tree DIRECTORY: names, kinds, sizes and contents below it
tree() {
    (cd "$1" && find . -type d | LC_ALL=C sort && find . ! -type d | LC_ALL=C sort |
        while read -r f; do
            if [ -L "$f" ]; then echo "$f -> $(readlink "$f")"; else cksum "$f"; fi
        done)
}

# compare NAME: $work/NAME against $work/NAME.wasm
compare() {
    name=$1
    rm -rf "$work/$name.native" "$work/$name.guest"
    mkdir "$work/$name.native" "$work/$name.guest"
    env -i "$work/$name" "$work/$name.native" >"$work/$name.native.out" 2>&1
    native=$?
    "$waxwing" --dir "$work/$name.guest::/data" "$work/$name.wasm" /data >"$work/$name.guest.out" 2>&1
    guest=$?
    tree "$work/$name.native" >>"$work/$name.native.out"
    tree "$work/$name.guest" >>"$work/$name.guest.out"
    if [ "$native" = 7 ] && [ "$guest" = 7 ] &&
        diff "$work/$name.native.out" "$work/$name.guest.out" >"$work/$name.diff"; then
        passed=$((passed + 1))
        echo "ok - $name: $(wc -l <"$work/$name.guest.out") lines alike"
    else
        failed=$((failed + 1))
        echo "not ok - $name: native exit $native, guest exit $guest, wanted 7"
        sed 's/^/# /' "$work/$name.diff"
    fi
}

skip() { # NAME REASON
    skipped=$((skipped + 1))
    echo "ok - $1 # SKIP $2"
}

build() { # NAME COMMAND...: fails the case when the command does
    name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 && return 0
    failed=$((failed + 1))
    echo "not ok - $name: a command failed"
    sed 's/^/# /' "$work/$name.log"
    return 1
}

if build c clang-19 -O1 -D_GNU_SOURCE "$here/program.c" -o "$work/c" &&
    build c clang-19 --target=wasm32-wasi -O1 -D_GNU_SOURCE "$here/program.c" -o "$work/c.wasm"; then
    compare c
fi

if ! ls /usr/lib/llvm-19/lib/wasm32-wasi/libc++.a >/dev/null 2>&1; then
    skip cpp "libc++-19-dev-wasm32 is not installed"
elif build cpp g++ -std=c++17 -O1 "$here/program.cpp" -o "$work/cpp" &&
    build cpp clang++-19 --target=wasm32-wasi -std=c++17 -O1 -fno-exceptions "$here/program.cpp" \
        -o "$work/cpp.wasm"; then
    compare cpp
fi

go_minor=$(go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
if [ "${go_minor:-0}" -lt 21 ]; then
    skip go "Go 1.21 or later is not installed"
elif build go env CGO_ENABLED=0 go build -o "$work/go" "$here/program.go" &&
    build go env GOOS=wasip1 GOARCH=wasm go build -o "$work/go.wasm" "$here/program.go"; then
    compare go
    if build go-server env GOOS=wasip1 GOARCH=wasm go build -o "$work/server.wasm" "$here/server.go" &&
        build go-server python3 "$here/../wasi/sockets.py" "$waxwing" "$work/server.wasm" nonblock; then
        passed=$((passed + 1))
        echo "ok - go-server: $(tail -1 "$work/go-server.log")"
    fi
fi

# Debian's compiler has the target by its older name and wants a linker of its own.
debian_rust=/usr/bin/rustc
if [ ! -d "$($debian_rust --print sysroot 2>/dev/null)/lib/rustlib/wasm32-wasi" ]; then
    skip rust-debian "rustc and libstd-rust-dev-wasm32 are not installed"
elif build rust-debian $debian_rust --edition 2021 -O "$here/program.rs" -o "$work/rust-debian" &&
    build rust-debian $debian_rust --edition 2021 -O --target wasm32-wasi -C linker=wasm-ld-19 \
        -C linker-flavor=wasm-ld -C link-arg=--no-fatal-warnings "$here/program.rs" \
        -o "$work/rust-debian.wasm"; then
    compare rust-debian
fi

rust_lib=$(rustc --print sysroot 2>/dev/null)/lib/rustlib
if [ ! -d "$rust_lib/wasm32-wasip1" ]; then
    skip rust "rustc with the target wasm32-wasip1 is not installed"
elif build rust rustc --edition 2021 -O "$here/program.rs" -o "$work/rust" &&
    build rust rustc --edition 2021 -O --target wasm32-wasip1 "$here/program.rs" -o "$work/rust.wasm"; then
    compare rust
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
