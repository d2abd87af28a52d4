;; SPDX-License-Identifier: Apache-2.0
;; Exceptions and functions on stacks the thread is not on at the time: those of other contexts, and
;; those a checkpoint goes back to; in forked children, too.
(module
  (import "wasix_32v1" "proc_exit2" (func $proc_exit2 (param i32)))
  (import "wasix_32v1" "context_create" (func $context_create (param i32 i32) (result i32)))
  (import "wasix_32v1" "context_switch" (func $context_switch (param i64) (result i32)))
  (import "wasix_32v1" "context_destroy" (func $context_destroy (param i64) (result i32)))
  (import "wasix_32v1" "stack_checkpoint" (func $stack_checkpoint (param i32 i32) (result i32)))
  (import "wasix_32v1" "stack_restore" (func $stack_restore (param i32 i64)))
  (memory (export "memory") 2)
  (type $unary (func (param i32) (result i32)))
  (tag $many (param i32 i64 (ref null $unary)))
  (table (export "__indirect_function_table") 4 funcref)
  (elem (i32.const 1) $keeper)
  (elem declare func $bump)
  (global $count (mut i32) (i32.const 0))
  (global $context (mut i64) (i64.const 0))

  (func $is (param $got i32) (param $want i32) (param $line i32)
    (if (i32.ne (local.get $got) (local.get $want))
      (then (call $proc_exit2 (local.get $line)) (unreachable))))
  (func $bump (param $by i32) (result i32)
    (global.set $count (i32.add (global.get $count) (local.get $by)))
    (global.get $count))

  (func $make (param $n i32) (result exnref)
    (block $h (result exnref)
      (try_table (catch_all_ref $h)
        (throw $many (local.get $n) (i64.const 0x0123456789abcdef) (ref.func $bump)))
      (unreachable)))
  (func $check (param $x exnref) (param $want i32) (param $line i32) (local $f (ref null $unary))
    (block $h (result i32 i64 (ref null $unary))
      (try_table (catch $many $h) (throw_ref (local.get $x)))
      (unreachable))
    (local.set $f)
    (call $is (i64.eq (i64.const 0x0123456789abcdef)) (i32.const 1) (local.get $line))
    (call $is (local.get $want) (local.get $line))
    (call $is (global.get $count) (i32.const 0) (local.get $line))
    (call $is (call_ref $unary (i32.const 2) (local.get $f)) (i32.const 2) (local.get $line))
    (call $is (global.get $count) (i32.const 2) (local.get $line))
    (global.set $count (i32.const 0)))
  ;; So many that those nothing refers to are freed, and their places taken.
  (func $churn (param $n i32)
    (loop $again
      (call $check (call $make (local.get $n)) (local.get $n) (i32.const 11))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; -------- contexts --------

  (func $keeper (local $x exnref) (local $f (ref null $unary)) (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (local.set $x (call $make (local.get $n)))
      (call $make (i32.add (local.get $n) (i32.const 1000)))
      (call $is (call $context_switch (i64.const 0)) (i32.const 0) (i32.const 21))
      (call $check (i32.add (local.get $n) (i32.const 1000)) (i32.const 22))
      (call $check (local.get $x) (local.get $n) (i32.const 23))
      (br $again)))
  (func $contexts (local $n i32) (local $x exnref)
    (call $is (call $context_create (i32.const 16) (i32.const 1)) (i32.const 0) (i32.const 24))
    (global.set $context (i64.load (i32.const 16)))
    (local.set $n (i32.const 5))
    (loop $again
      (local.set $x (call $make (local.get $n)))
      (call $is (call $context_switch (global.get $context)) (i32.const 0) (i32.const 25))
      (call $churn (i32.const 2000))
      (call $check (local.get $x) (local.get $n) (i32.const 26))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; -------- checkpoints --------

  (func $jump (param $again i32) (local $x exnref) (local $y exnref)
    (local.set $x (call $make (i32.const 31)))
    (call $make (i32.const 32))
    (call $is (call $stack_checkpoint (i32.const 64) (i32.const 96)) (i32.const 0) (i32.const 33))
    (if (i64.eqz (i64.load (i32.const 96)))
      (then
        (local.set $x (ref.null exn))
        (call $forget)
        (call $stack_restore (i32.const 64) (i64.const 1))
        (unreachable)))
    (call $check (i32.const 32) (i32.const 34))
    (call $check (local.get $x) (i32.const 31) (i32.const 35)))
  (func $forget
    (call $fill (i32.const 100))
    (call $churn (i32.const 2000)))
  ;; Over what lay on the stack.
  (func $fill (param $n i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64)
    (if (local.get $n) (then (call $fill (i32.sub (local.get $n) (i32.const 1))))))

  (func (export "_start")
    (call $contexts)
    (call $jump (i32.const 0))
    (call $is (call $context_destroy (global.get $context)) (i32.const 0) (i32.const 41))))
