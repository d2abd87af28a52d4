(module
  (type (;0;) (func))
  (type (;1;) (func (param f32 i64 i64 externref) (result i64)))
  (type (;2;) (func (param i32 funcref) (result f64)))
  (type (;3;) (func))
  (table (;0;) 8 9 funcref)
  (table (;1;) 5 7 externref)
  (memory (;0;) 2 2)
  (tag (;0;) (type 3))
  (tag (;1;) (type 0))
  (global (;0;) (mut externref) (ref.null extern))
  (global (;1;) (mut i32) (i32.const -247663292))
  (global (;2;) (mut exnref) (ref.null exn))
  (global (;3;) (mut i32) (i32.const 156626994))
  (global (;4;) i64 (i64.const -7592287900735085567))
  (global (;5;) funcref (ref.null func))
  (global (;6;) (mut f64) (f64.const -0))
  (global (;7;) f32 (f32.const -0))
  (global (;8;) (mut f32) (f32.const 0.5))
  (global (;9;) (mut f32) (f32.const inf))
  (global (;10;) (mut i64) (i64.const 5574532911583637595))
  (global (;11;) (mut i32) (i32.const 400))
  (export "f0" (func 0))
  (export "f1" (func 1))
  (export "f2" (func 2))
  (export "t0" (table 0))
  (export "t1" (table 1))
  (export "m0" (memory 0))
  (export "g0" (global 0))
  (export "g1" (global 1))
  (export "g2" (global 2))
  (export "g3" (global 3))
  (export "g4" (global 4))
  (export "g5" (global 5))
  (export "g6" (global 6))
  (export "g7" (global 7))
  (export "g8" (global 8))
  (export "g9" (global 9))
  (export "g01" (global 10))
  (export "g11" (global 11))
  (elem (;0;) (i32.const 0) func 0 1 2)
  (elem (;1;) funcref (ref.func 0) (ref.null func) (ref.func 2) (ref.null func))
  (elem (;2;) declare func 0 1 2)
  (func (;0;) (type 0)
    (local f32 exnref i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 11
    i32.eqz
    if ;; @1
      return
    end
    global.get 11
    i32.const 1
    i32.sub
    global.set 11
    i32.const -2147483648
    f32.convert_i32_s
    local.tee 10
    f32.const nan
    local.get 10
    local.get 10
    f32.eq
    select
    i32.reinterpret_f32
    i64.const 1962112243
    i32.wrap_i64
    i32.gt_s
    if (result i32) ;; @1
      ref.func 2
      i32.const 31
      i64.load8_s offset=2
      i64.const 3873302237
      i64.div_s
      drop
      drop
      i32.const -199363555
    else
      i32.const 718547668
      i32.const 140
      i32.div_u
      i32.const -1602903947
      i32.ge_s
      f32.const -2147483648
      i64.trunc_sat_f32_s
      i32.const -1821469842
      i64.extend_i32_s
      i64.mul
      drop
    end
    i32.const 1
    i32.const 6
    i32.const 1009663022
    i32.const 1
    i32.and
    memory.init 0
    local.get 0
    f32.const 0
    f32.max
    local.tee 10
    f32.const nan
    local.get 10
    local.get 10
    f32.eq
    select
    i64.trunc_sat_f32_s
    i64.const 4091081688
    i64.ctz
    i64.const 146
    i64.rem_s
    i64.shl
    f64.const -0x1.000002p-1
    i64.trunc_sat_f64_u
    global.get 0
    i32.const -1338986448
    i32.const 2147483647
    i32.gt_u
    i32.const 1
    i32.and
    table.grow 1
    i32.const 52
    i32.div_s
    f32.const -1
    i32.reinterpret_f32
    f64.convert_i32_s
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    f64.abs
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    f64.const 0x1.921fb6p+1
    f64.abs
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    f64.abs
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    f64.min
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    global.get 6
    global.get 1
    select (result f64)
    ref.null extern
    local.get 0
    local.get 0
    f32.copysign
    local.tee 10
    f32.const nan
    local.get 10
    local.get 10
    f32.eq
    select
    i32.const 789327628
    ref.func 1
    table.set
    f64.const -0x1.000002p-1
    f64.trunc
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    f64.abs
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    f64.sqrt
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    f64.const nan
    f64.abs
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    i64.reinterpret_f64
    i64.clz
    f64.convert_i64_s
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    i32.const 926693180
    local.get 0
    local.set 0
    global.get 1
    i32.const 2147483647
    i32.shr_s
    i32.const -1547525182
    i32.eq
    f64.convert_i32_s
    local.tee 11
    f64.const nan
    local.get 11
    local.get 11
    f64.eq
    select
    f64.const 0
    f64.lt
    global.get 10
    f32.const 1
    i64.trunc_f32_s
    i64.ne
    i32.const 1
    i32.const 40
    i32.div_u
    global.get 1
    i64.extend_i32_s
    f32.convert_i64_u
    local.tee 10
    f32.const nan
    local.get 10
    local.get 10
    f32.eq
    select
    i32.const -1533959023
    i32.const 31
    i32.lt_u
    i64.const 32767
    f32.const 0
    f32.neg
    local.tee 10
    f32.const nan
    local.get 10
    local.get 10
    f32.eq
    select
    i32.const 2064087815
    i32.const 32768
    i32.shr_s
    i64.const 4294967294
    i32.const 0
    global.get 3
    i32.const 141
    memory.copy
    local.get 0
    local.get 0
    f32.eq
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop
    drop)
  (func (;1;) (type 3)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 11
    i32.eqz
    if ;; @1
      return
    end
    global.get 11
    i32.const 1
    i32.sub
    global.set 11)
  (func (;2;) (type 2) (param i32 funcref) (result f64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 11
    i32.eqz
    if ;; @1
      f64.const 0
      return
    end
    global.get 11
    i32.const 1
    i32.sub
    global.set 11
    f64.const 0)
  (data (;0;) (i32.const 0) "\00")
  (data (;1;) "\00")
  (data (;2;) "\00"))
