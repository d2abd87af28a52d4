;; SPDX-License-Identifier: Apache-2.0
;; Exceptions in both encodings, vectors, 64-bit memories, small pages, wide arithmetic.
(module
  (tag $e (param i32))
  (tag $none)
  (memory $m i64 1 16)
  (memory $bytes 1 100 (pagesize 1))
  (table $t i64 1 externref)

  (func $try_table (param $x i32) (result i32)
    (block $h (result i32)
      (block $r (result i32 exnref)
        (block $all
          (try_table $body (result i32) (catch $e $h) (catch_ref $e $r) (catch_all $all)
            (if (local.get $x) (then (throw $e (i32.const 7))))
            (i32.const 1))
          (return))
        (return (i32.const 2)))
      throw_ref))

  (func $legacy (param $x i32) (result i32)
    (try $outer (result i32)
      (do
        (try $inner (do (throw $none)) (delegate $outer))
        (i32.const 1))
      (catch $e)
      (catch_all (rethrow $outer))))

  (func $legacy_flat (result i32)
    try (result i32)
      i32.const 1
    catch $e
    catch_all
      i32.const 3
    end
    try
    delegate 0)

  (func $vectors (param $v v128) (result v128)
    (v128.store $m offset=16 align=4 (i64.const 0) (v128.const i32x4 1 -1 0x7fffffff 4))
    (drop (v128.const f32x4 1.5 -0 inf nan))
    (drop (i8x16.extract_lane_s 3 (local.get $v)))
    (drop (v128.load8_lane $m offset=1 5 (i64.const 0) (local.get $v)))
    (v128.store64_lane 1 (i64.const 0) (local.get $v))
    (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
      (local.get $v)
      (i32x4.relaxed_trunc_f32x4_s (f32x4.relaxed_madd (local.get $v) (local.get $v) (local.get $v)))))

  (func $wide (param i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1)
      (i64.mul_wide_u (local.get 0) (local.get 1))))

  (func $nulls (param (ref func)) (result (ref null extern))
    (block $null (drop (br_on_null $null (local.get 0))))
    (ref.null extern)))
