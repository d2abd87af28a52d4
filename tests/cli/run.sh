#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Exit statuses and messages of the command. usage: run.sh WAXWING THREADS_PLUGIN NO_ENTRY NET_GUEST
set -u
waxwing=$1 plugin=$2 no_entry=$3 net=$4
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

# expect NAME STATUS TEXT COMMAND...: exit status and a text in the output
expect() {
    name=$1 want=$2 text=$3
    shift 3
    "$@" >"$tmp/out" 2>&1 </dev/null
    got=$?
    if [ "$got" = "$want" ] && { [ -z "$text" ] || grep -qF -- "$text" "$tmp/out"; }; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name: status $got, wanted $want and '$text'"
        sed 's/^/# /' "$tmp/out"
    fi
}

# module NAME OCTAL...: a small binary module
module() {
    out=$tmp/$1
    shift
    # shellcheck disable=SC2059 # the octal escapes are the format
    printf "\\000asm\\001\\000\\000\\000$*" >"$out"
}
# (func (export "t") unreachable) (func (export "add") (param i32 i32) (result i32) ...)
module trap.wasm '\001\012\002\140\000\000\140\002\177\177\001\177\003\003\002\000\001\007\013\002\001t\000\000\003add\000\001\012\015\002\003\000\000\013\007\000\040\000\040\001\152\013'
# (tag (export "e") (param i32)) (func (export "t") (throw 0 (i32.const 5)))
module throw.wasm '\001\010\002\140\000\000\140\001\177\000\003\002\001\000\015\003\001\000\001\007\011\002\001t\000\000\001e\004\000\012\010\001\006\000\101\005\010\000\013'
# (import "env" "f" (func))
module import.wasm '\001\004\001\140\000\000\002\011\001\003env\001f\000\000'
# (start function: an endless loop)
module loop.wasm '\001\004\001\140\000\000\003\002\001\000\010\001\000\012\011\001\007\000\003\100\014\000\013\013'
cat >"$tmp/text.wat" <<'WAT'
(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
WAT
cat >"$tmp/syntax.wat" <<'WAT'
(module
  (func (i32.ad)))
WAT
cat >"$tmp/type.wat" <<'WAT'
(module
  (func (result i32)
    i64.const 1))
WAT
cat >"$tmp/script.wast" <<'WAT'
(module (func (export "f") (result i32) (i32.const 7)))
(assert_return (invoke "f") (i32.const 7))
(assert_malformed (module quote "(func") "unexpected end")
WAT
cat >"$tmp/cat.wat" <<'WAT'
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\64\00\00\00\32\00\00\00")
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
WAT
# A function that calls itself by call_dynamic for ever; a closure whose function is itself.
cat >"$tmp/deep.wat" <<'WAT'
(module
  (import "wasix_32v1" "call_dynamic" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasix_32v1" "closure_allocate" (func $allocate (param i32) (result i32)))
  (import "wasix_32v1" "closure_prepare" (func $prepare (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table (export "__indirect_function_table") 3 funcref)
  (global (export "__stack_pointer") (mut i32) (i32.const 65536))
  (elem (i32.const 1) $down $three)
  (func $down (drop (call $call (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1))))
  (func $three (param i32 i32 i32))
  (func (export "dynamic") (call $down))
  (func (export "closure") (local $n i32)
    (drop (call $allocate (i32.const 0)))
    (local.set $n (i32.load (i32.const 0)))
    (i32.store (i32.const 4) (i32.const 0))
    (drop (call $prepare (i32.const 2) (local.get $n) (i32.const 4) (i32.const 3) (i32.const 4) (i32.const 0) (i32.const 0)))
    (drop (call $prepare (local.get $n) (local.get $n) (i32.const 4) (i32.const 3) (i32.const 4) (i32.const 0) (i32.const 0)))
    (call_indirect (param i32 i32 i32) (i32.const 0) (i32.const 0) (i32.const 0) (local.get $n))))
WAT
cat >"$tmp/types.wat" <<'WAT'
(module
  (func (export "floats") (param f64 f32) (result f64 f32) local.get 0 local.get 1)
  (func (export "ints") (param i64 i32) (result i64 i32) local.get 0 local.get 1)
  (func (export "vector") (result v128) (v128.const i32x4 1 2 3 4))
  (func (export "ref") (param externref) (result externref) local.get 0)
  (func $fails unreachable) (start $fails))
WAT
sed 's/(func .fails.*/)/' "$tmp/types.wat" >"$tmp/values.wat"
echo 'from a file' >"$tmp/in.txt"
printf '# comment\n\nA=1\nB\n' >"$tmp/bad.env"
echo '(module) (assert_return (invoke "none"))' >"$tmp/failing.wast"
printf 'garbage' >"$tmp/bad.wasm"

expect "stdin and stdout from files" 0 "" "$waxwing" --stdin "$tmp/in.txt" --stdout "$tmp/out.txt" "$tmp/cat.wat"
expect "what went through them" 0 "from a file" cat "$tmp/out.txt"
expect "stdin that is not there" 66 "cannot open '/nonexistent'" "$waxwing" --stdin /nonexistent "$tmp/cat.wat"
expect "tmpfs" 0 "" "$waxwing" --tmpfs /tmp,size=1M,inodes=10 "$tmp/cat.wat"
expect "tmpfs with a bad option" 64 "bad option 'depth=1'" "$waxwing" --tmpfs /tmp,depth=1 "$tmp/cat.wat"
expect "copy on write" 0 "" "$waxwing" --dir "$tmp::/d,cow,quota=1M" "$tmp/cat.wat"
expect "a quota without copy on write" 64 "quota and inodes go with cow" "$waxwing" --dir "$tmp::/d,quota=1M" "$tmp/cat.wat"
expect "mount options" 0 "" "$waxwing" --dir "$tmp::/d,ro,symlinks=none,xdev=no,special=allow" "$tmp/cat.wat"
expect "a policy that is none" 64 "bad option 'symlinks=all'" "$waxwing" --dir "$tmp::/d,symlinks=all" "$tmp/cat.wat"
expect "ro and cow" 64 "exclude each other" "$waxwing" --dir "$tmp::/d,cow,ro" "$tmp/cat.wat"
expect "device nodes" 0 "" "$waxwing" --dev --cwd /dev/fd "$tmp/cat.wat"
expect "device nodes twice" 64 "there is a mount already" "$waxwing" --dev --tmpfs /dev "$tmp/cat.wat"
expect "a directory to work in" 0 "" "$waxwing" --tmpfs /a --cwd /a "$tmp/cat.wat"
expect "one that is not there" 66 "no directory '/a/b'" "$waxwing" --tmpfs /a --cwd /a/b "$tmp/cat.wat"
expect "two mounts at one place" 64 "there is a mount already" "$waxwing" --tmpfs /a --tmpfs /a "$tmp/cat.wat"
expect "env file with a bad line" 64 "bad.env:4: not KEY=VALUE" "$waxwing" --env-file "$tmp/bad.env" "$tmp/cat.wat"
expect help 0 'usage: waxwing' "$waxwing" --help
expect run-help 0 '--dir HOST' "$waxwing" run --help
expect no-arguments 64 'usage:' "$waxwing"
expect version 0 'waxwing 0.1.0' "$waxwing" version
expect version-json 0 '"version": "0.1.0"' "$waxwing" version --json
expect unknown-option 64 "unknown option '--nope'" "$waxwing" run --nope x
expect unknown-last-option 64 "unknown option '--nope'" "$waxwing" --nope
expect option-without-value 64 "option '--dir' needs a value" "$waxwing" --dir
expect module-is-a-directory 74 'not a regular file' "$waxwing" "$tmp"
expect double-mount 64 'there is a mount already' "$waxwing" --dir "$tmp::/a" --dir "$tmp::/a" "$tmp/trap.wasm"
expect bad-value 64 "bad value for option '--timeout'" "$waxwing" --timeout soon x
expect missing-file 66 "cannot open 'none.wasm': No such file" "$waxwing" none.wasm
expect not-a-module 65 'not a wasm module' "$waxwing" "$tmp/bad.wasm"
for tier in interp fast; do
    for f in dynamic closure; do
        expect "call back without end, $f, $tier" 134 'call stack exhausted' "$waxwing" --tier "$tier" --invoke "$f()" "$tmp/deep.wat"
    done
done
expect text-format 0 '42' "$waxwing" --invoke 'add(40, 2)' "$tmp/text.wat"
expect text-syntax 65 "syntax.wat:2:10: unknown operator" "$waxwing" validate "$tmp/syntax.wat"
expect text-hint 65 "hint: did you mean 'i32.add'?" "$waxwing" validate "$tmp/syntax.wat"
expect text-caret 65 '         ^' "$waxwing" validate "$tmp/syntax.wat"
expect text-type 65 "type.wat:3:16: type mismatch" "$waxwing" validate "$tmp/type.wat"
expect print 0 'local.get 1' "$waxwing" print "$tmp/trap.wasm"
expect print-output 0 '' "$waxwing" print "$tmp/trap.wasm" -o "$tmp/printed.wat"
expect print-parses 0 '42' "$waxwing" --invoke 'add(40, 2)' "$tmp/printed.wat"
expect print-unwritable 74 'cannot write' "$waxwing" print -o /no/such/file "$tmp/trap.wasm"
expect print-missing 66 'No such file' "$waxwing" print "$tmp/none.wasm"
expect wast 0 'total: 3 passed, 0 failed, 0 skipped' "$waxwing" wast "$tmp/script.wast"
expect wast-fails 1 'total: 1 passed, 1 failed, 0 skipped' "$waxwing" wast "$tmp/failing.wast"
expect wast-missing 66 'No such file' "$waxwing" wast "$tmp/none.wast"
expect missing-import 69 "function 'env.f' is not provided" "$waxwing" "$tmp/import.wasm"
expect missing-import-hint 69 'hint:' "$waxwing" "$tmp/import.wasm"
expect missing-mount 66 "cannot mount '/no/such/dir'" "$waxwing" --dir /no/such/dir "$tmp/trap.wasm"
expect kernel-fs 69 'kernel filesystem' "$waxwing" --dir /proc "$tmp/trap.wasm"
expect no-start 65 "no function '_start'" "$waxwing" "$tmp/trap.wasm"
expect trap 134 'unreachable' "$waxwing" --invoke t "$tmp/trap.wasm"
expect trap-frame 134 '0: t (func 0)' "$waxwing" --invoke t "$tmp/trap.wasm"
expect exception 134 "uncaught exception 'e' (i32 5)" "$waxwing" --invoke t "$tmp/throw.wasm"
expect exception-frame 134 '0: t (func 0) at 0x' "$waxwing" --invoke t "$tmp/throw.wasm"
expect invoke 0 '42' "$waxwing" --invoke 'add(40, 2)' "$tmp/trap.wasm"
expect invoke-missing-argument 64 'argument 2' "$waxwing" --invoke 'add(40)' "$tmp/trap.wasm"
expect timeout 124 'deadline' "$waxwing" --timeout 50ms "$tmp/loop.wasm"
expect fuel 134 'fuel' "$waxwing" --fuel 10000 "$tmp/loop.wasm"
expect threads 0 'iterations by 4 threads' "$waxwing" "$plugin"
expect threads-denied 1 'capability threads' "$waxwing" --allow-threads=no "$plugin"
expect no-thread-entry 0 '76' "$waxwing" --invoke spawn_errno "$no_entry"
expect no-thread-entry-event 0 "wasi_thread_start" "$waxwing" --invoke spawn_errno "$no_entry"
expect validate-ok 0 '' "$waxwing" validate "$tmp/trap.wasm"
expect validate-bad 65 'at byte 0x0' "$waxwing" validate "$tmp/bad.wasm"
expect inspect 0 'wasix_32v1' "$waxwing" inspect "$plugin"
expect inspect-json 0 '"strict": null' "$waxwing" inspect --json "$plugin"
expect trace 0 'fd_write' "$waxwing" --trace "$plugin"
expect trace-line 0 '[1] fd_write(1, [{"", 0}], 1' "$waxwing" --trace "$tmp/cat.wat"
expect trace-classes 0 '' "$waxwing" "--trace=fd,clock:$tmp/trace.txt" --stdin "$tmp/in.txt" "$tmp/cat.wat"
expect trace-file 0 'fd_read(0, [{"from a file\n", 12}], 1, [12]) = success <' cat "$tmp/trace.txt"
expect trace-other-class 0 '' "$waxwing" "--trace=clock:$tmp/trace2.txt" "$tmp/cat.wat"
expect trace-nothing-of-it 1 '' grep fd_ "$tmp/trace2.txt"
expect trace-unknown-class 64 "is named 'sockets'" "$waxwing" --trace=fd,sockets "$tmp/cat.wat"
expect trace-hint 64 'hint: classes: all file' "$waxwing" --trace=fd,sockets "$tmp/cat.wat"
expect trace-no-file 66 "cannot open '/nonexistent/t'" "$waxwing" --trace=:/nonexistent/t "$tmp/cat.wat"
expect trace-empty-file-name 64 "bad value for option '--trace'" "$waxwing" --trace=fd: "$tmp/cat.wat"
expect trace-full 74 'cannot write the trace' "$waxwing" --trace=:/dev/full "$tmp/cat.wat"
expect trace-summary 0 '        2           total' "$waxwing" --trace-summary "$tmp/cat.wat"
expect listen-no-port 64 "cannot listen on '127.0.0.1': not a numeric address and port" "$waxwing" --listen 127.0.0.1 "$tmp/cat.wat"
expect listen-hint 64 'hint: as in 127.0.0.1:8080' "$waxwing" --listen localhost:80 "$tmp/cat.wat"
expect listen-not-ours 74 "cannot listen on '192.0.2.1:80'" "$waxwing" --listen 192.0.2.1:80 "$tmp/cat.wat"
expect listen 0 'listening on 127.0.0.1:' "$waxwing" --listen 127.0.0.1:0 "$tmp/cat.wat"
expect fd-not-open 64 'descriptor 9 is not open' sh -c "'$waxwing' --fd 9 '$tmp/cat.wat' 9>&-"
expect fd-no-number 64 "'x' is no number of a descriptor" "$waxwing" --fd x "$tmp/cat.wat"
expect fd-directory 64 'hint: directories are mounted' sh -c "'$waxwing' --fd 9 '$tmp/cat.wat' 9<'$tmp'"
expect net-bad 64 "network rule 'allow:tcp:out:10.0.0.1/8:1': bits of the address lie behind" "$waxwing" --net allow:tcp:out:10.0.0.1/8:1 "$tmp/cat.wat"
expect net-place 64 '              ^' "$waxwing" --net allow:tcp:out:10.0.0.1/8:1 "$tmp/cat.wat"
expect net-hint 64 'hint: write the first address of the range' "$waxwing" --net allow:tcp:out:10.0.0.1/8:1 "$tmp/cat.wat"
expect net-check 0 'allowed: connect tcp 10.0.0.1:443: rule 2, allow:tcp:out:10.0.0.0/8:443' "$waxwing" net check off allow:tcp:out:10.0.0.0/8:443 --to 10.0.0.1:443/tcp
expect net-check-denied 1 'denied: connect tcp 169.254.169.254:80: built-in: link-local and metadata' "$waxwing" net check all --to 169.254.169.254:80/tcp
expect net-check-suggests 1 'hint: --net allow:udp:in:0.0.0.0:53' "$waxwing" net check --at 0.0.0.0:53/udp
expect net-check-from 1 'rule 2, deny:tcp:in:*:*:from=10.1.0.0/16' "$waxwing" net check allow:tcp:in:*:80 deny:tcp:in:*:*:from=10.1.0.0/16 --at 0.0.0.0:80/tcp --from 10.1.0.1:9
expect net-check-name 0 'allowed: resolve api.example.com: rule 1' "$waxwing" net check 'allow:tcp:out:*.example.com:443' --resolve api.example.com
expect net-check-unix 0 'allowed: connect unix /run/app.sock: rule 1' "$waxwing" net check 'allow:unix:out:/run/*.sock' --to unix:/run/app.sock
expect net-check-unix-denied 1 'hint: --net allow:unix:in:/run/app.sock' "$waxwing" net check all --at unix:/run/app.sock
expect net-check-virtual 0 'allowed: connect tcp 127.0.0.1:80: rule 1, virtual' "$waxwing" net check virtual --to 127.0.0.1:80/tcp
expect net-check-virtual-ends 1 'built-in: the virtual network ends here' "$waxwing" net check virtual --to 10.0.0.1:80/tcp
expect net-check-contradiction 64 'hint: leave out one of them' "$waxwing" net check virtual all --to 10.0.0.1:80/tcp
expect net-check-rule 64 'unknown protocol' "$waxwing" net check allow:tpc:out:1.2.3.4:5 --to 1.2.3.4:5/tcp
expect net-check-question 64 "network question 'out:1.2.3.4/tcp'" "$waxwing" net check all --to 1.2.3.4/tcp
expect net-check-nothing 64 'nothing is asked' "$waxwing" net check all
expect net-log 0 'waxwing: net: bind tcp 127.0.0.1:0: allowed: rule 1, loopback' "$waxwing" --net loopback --net-log --invoke 'tcp_echo()' "$net"
expect net-log-alone 0 'bind tcp 127.0.0.1:0: denied: no rule allows it (--net allow:tcp:in:127.0.0.1:0)' "$waxwing" --net-log --invoke 'tcp_echo()' "$net"
# invoke STATUS TEXT CALL
invoke() { expect "invoke $3" "$1" "$2" "$waxwing" --invoke "$3" "$tmp/values.wat"; }
invoke 0 '2.5' 'floats(1, 2.5)'
invoke 0 'nan' 'floats(-inf,nan)'
invoke 0 '9.9998886718268301e-321' 'floats(1e-320, 1e-45)'
invoke 64 "argument 2: '1e39' is no f32" 'floats(0, 1e39)'
invoke 64 "argument 1: '1e400' is no f64" 'floats(1e400, 0)'
invoke 0 '-9223372036854775808' 'ints(-9223372036854775808, 010)'
invoke 0 '16' 'ints(0x10, 4294967295)'
invoke 64 "is no i64" 'ints(-9223372036854775809, 1)'
invoke 64 "argument 1: '1 2' is no i64" 'ints(1 2, 3)'
invoke 64 'argument 2 of (i64, i32) is missing' 'ints(1,)'
invoke 64 'too many arguments for (i64, i32)' 'ints(1,2,3)'
invoke 64 "a ')' is missing" 'ints(1,2'
invoke 64 "text behind ')'" 'ints(1,2) '
invoke 0 '0x00000004000000030000000200000001' 'vector'
invoke 0 'null' 'ref(null)'
invoke 66 "exports no function 'gone'" 'gone(1)'
expect invoke-before-anything-runs 64 'argument 1' "$waxwing" --invoke 'ints(x)' "$tmp/types.wat"
expect env-without-name 64 "environment variable ''" "$waxwing" --env '' "$tmp/cat.wat"
printf 'A=1\000B\n' >"$tmp/nul.env"
expect env-file-with-nul 64 'nul.env:1: a NUL' "$waxwing" --env-file "$tmp/nul.env" "$tmp/cat.wat"
expect env-file-is-a-directory 74 'Is a directory' "$waxwing" --env-file "$tmp" "$tmp/cat.wat"
expect max-fds-below-streams 64 "bad value for option '--max-fds': '2'" "$waxwing" --max-fds 2 "$tmp/cat.wat"
expect max-threads-none 64 "bad value for option '--max-threads': '0'" "$waxwing" --max-threads 0 "$tmp/cat.wat"
expect volume-form 64 'want HOST:GUEST[:ro]' "$waxwing" --volume "$tmp" "$tmp/cat.wat"
expect volume-rw 0 '' "$waxwing" --volume "$tmp:/x:rw" --trace=dir "$tmp/cat.wat"
expect dir-unknown-option 66 "hint: ',bad' was taken as part of the path" "$waxwing" --dir "$tmp,bad" "$tmp/cat.wat"
expect dir-empty-guest 64 "the guest path is empty" "$waxwing" --dir "$tmp::" "$tmp/cat.wat"
echo kept >"$tmp/kept"
expect nothing-emptied 66 'cannot mount' "$waxwing" --stdout "$tmp/kept" --dir /no/such "$tmp/cat.wat"
expect still-there 0 kept cat "$tmp/kept"
expect planned 69 'not there yet' "$waxwing" cache x
cat >"$tmp/lacks.wat" <<'WAT'
(module
  (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_clse" (func (param i32) (result i32)))
  (import "wasix_32v1" "bus_call" (func (param i32) (result i32)))
  (import "wasi" "thread-spawn" (func (param i32) (result i32)))
  (import "env" "emscripten_notify" (func))
  (import "env" "memory" (memory 1))
  (import "other" "memory" (memory 1)))
WAT
cat >"$tmp/removed.wat" <<'WAT'
(module (import "wasix_32v1" "bus_call" (func (param i32) (result i32))))
WAT
# explained STATUS TEXT FILE
explained() { expect "explain $2" "$1" "$2" "$waxwing" explain "$3"; }
explained 69 'wasi_snapshot_preview1.fd_close: is imported with another type than (i) -> (i)' "$tmp/lacks.wat"
explained 69 'wasi_snapshot_preview1.fd_clse: no version of the interface has it' "$tmp/lacks.wat"
explained 69 'wasix_32v1.bus_call: was removed from the interface; last seen in 2023-03' "$tmp/lacks.wat"
explained 69 'hint: built for JavaScript hosts: link with -sSTANDALONE_WASM' "$tmp/lacks.wat"
explained 69 'other.memory: the imported memory is not provided' "$tmp/lacks.wat"
explained 69 'limit    wasi_thread_start: is not exported' "$tmp/lacks.wat"
explained 69 'limit    memory: is not shared' "$tmp/lacks.wat"
explained 69 'note     _start: is not exported' "$tmp/lacks.wat"
explained 69 'will not run: 5 missing' "$tmp/lacks.wat"
explained 0 '  runs' "$plugin"
explained 0 'limit    wasi_thread_start' "$no_entry"
explained 65 'not a wasm module' "$tmp/bad.wasm"
explained 66 'No such file' "$tmp/none.wasm"
expect explain-json 69 '"runs": false' "$waxwing" explain --json "$tmp/lacks.wat"
expect explain-no-file 64 'no file named' "$waxwing" explain
expect inspect-strict 0 'strict: none' "$waxwing" inspect "$plugin"
expect removed-import 69 'hint: it was removed, last seen in 2023-03' "$waxwing" "$tmp/removed.wat"
expect compile 0 '' "$waxwing" compile "$tmp/trap.wasm"
expect compile-stats 0 '2 functions, 8 bytes of wasm, ' "$waxwing" compile --stats "$tmp/trap.wasm"
expect compile-text 0 '1 function, ' "$waxwing" compile --tier fast --stats "$tmp/text.wat"
expect compile-interp 0 ' 0 bytes of machine code' "$waxwing" compile --tier interp --stats "$tmp/text.wat"
expect compile-output 69 'not there yet' "$waxwing" compile "$tmp/trap.wasm" -o "$tmp/trap.wax"
expect compile-invalid 65 'not a wasm module' "$waxwing" compile "$tmp/bad.wasm"
expect compile-missing 66 'No such file' "$waxwing" compile "$tmp/none.wasm"
expect compile-no-tier 69 "tier 'nope' is not there" "$waxwing" compile --tier nope "$tmp/trap.wasm"
expect compile-no-file 64 'no file named' "$waxwing" compile
expect compile-unknown-option 64 "unknown option '--nope'" "$waxwing" compile --nope x
expect unknown-feature 64 "unknown feature 'x'" "$waxwing" --feature +x "$tmp/trap.wasm"
expect preload 0 '' "$waxwing" --preload "env=$tmp/trap.wasm" --invoke 'add(1,2)' "$tmp/trap.wasm"
# (import "env" "ESC[2Jx" (func)): what a module is called must not reach the terminal as it is
module escape.wasm '\001\004\001\140\000\000\002\016\001\003env\006\033[2Jxy\000\000'
expect terminal-escape 69 'env.\x1b[2Jxy' "$waxwing" "$tmp/escape.wasm"
explained 69 'env.\x1b[2Jxy' "$tmp/escape.wasm"
expect terminal-escape-inspect 0 'env.\x1b[2Jxy' "$waxwing" inspect "$tmp/escape.wasm"
expect invoke-range 64 'argument 1' "$waxwing" --invoke 'add(4294967296, 1)' "$tmp/trap.wasm"
expect invoke-unsigned 0 '0' "$waxwing" --invoke 'add(4294967295, 1)' "$tmp/trap.wasm"
expect negative-number 64 'bad value' "$waxwing" --max-fds ' -1' "$tmp/trap.wasm"
expect yes-or-no 64 'bad value' "$waxwing" --allow-threads=never "$tmp/trap.wasm"
mkdir -p "$tmp/a/b:rough"
expect volume-suffix 0 '3' "$waxwing" --volume "$tmp/a:/x:rough" --invoke 'add(1,2)' "$tmp/trap.wasm"
expect volume-without-colon 64 'bad value' "$waxwing" --volume "$tmp" "$tmp/trap.wasm"
expect closed-streams 0 '3' sh -c "'$waxwing' --invoke 'add(1,2)' '$tmp/trap.wasm' <&-"
mkfifo "$tmp/pipe"
expect feature-help 0 '+simd ' "$waxwing" --feature help
expect feature-help-off 0 '-gc ' "$waxwing" run --feature=help
cat >"$tmp/nan.wat" <<'WAT'
(module (func (export "nan") (result i32)
  (i32.reinterpret_f32 (f32.add (f32.const -nan:0x12345) (f32.const 1)))))
WAT
expect deterministic 0 '2143289344' "$waxwing" --deterministic --invoke 'nan()' "$tmp/nan.wat"
expect stats 0 '1              0  nan (func 0)' "$waxwing" --stats --invoke 'nan()' "$tmp/nan.wat"
mkdir "$tmp/profile"
expect profile 0 '3' "$waxwing" --profile "perfmap=$tmp/profile" --invoke 'add(1,2)' "$tmp/trap.wasm"
expect profile-map 0 'wasm!add' cat "$tmp"/profile/perf-*.map
expect profile-dump 0 '3' "$waxwing" "--profile=jitdump=$tmp/profile" --invoke 'add(1,2)' "$tmp/trap.wasm"
expect profile-dump-file 0 'wasm!add' cat "$tmp"/profile/jit-*.dump
expect profile-interp 69 'no profile' "$waxwing" --tier interp --profile perfmap "$tmp/trap.wasm"
expect profile-nowhere 66 'nowhere/perf-' "$waxwing" --profile perfmap=/nowhere "$tmp/trap.wasm"
expect profile-unknown 64 'bad value' "$waxwing" --profile vtune "$tmp/trap.wasm"
expect fifo-module 74 'not a regular file' timeout 10 "$waxwing" "$tmp/pipe"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
