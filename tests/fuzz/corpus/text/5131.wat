(module
  (type (;0;) (func))
  (type (;1;) (func (param f64 i32 i64)))
  (type (;2;) (func (param i64 f64) (result externref f64)))
  (type (;3;) (func (param f64 exnref f32) (result i32)))
  (type (;4;) (func (param f64 f64 f64) (result f64 i32 f64)))
  (type (;5;) (func (param i32 f32 f64) (result f32 i64 f64)))
  (type (;6;) (func (result f64 (ref null 0) f64)))
  (type (;7;) (func (param i32 f32)))
  (type (;8;) (func (param i64 f32) (result f64)))
  (type (;9;) (func (param f32 i32) (result f32 f32 i32)))
  (type (;10;) (func (param f32 funcref i32 i64) (result i64 f32)))
  (table (;0;) 9 9 funcref)
  (memory (;0;) 0 0)
  (tag (;0;) (type 0))
  (tag (;1;) (type 0))
  (global (;0;) (mut externref) (ref.null extern))
  (global (;1;) (mut i32) (i32.const 1741395848))
  (global (;2;) (mut i64) i64.const -295913599409265081 i64.const 1011550697415 i64.sub)
  (global (;3;) (mut i32) (i32.const 400))
  (export "f0" (func 0))
  (export "f1" (func 1))
  (export "f2" (func 2))
  (export "f3" (func 3))
  (export "f4" (func 4))
  (export "t0" (table 0))
  (export "m0" (memory 0))
  (export "g0" (global 0))
  (export "g1" (global 1))
  (export "g2" (global 2))
  (export "g3" (global 3))
  (elem (;0;) (i32.const 0) func 0 1 2 3 4)
  (elem (;1;) funcref (ref.func 0) (ref.null func) (ref.func 2) (ref.null func))
  (elem (;2;) declare func 0 1 2 3 4)
  (func (;0;) (type 6) (result f64 (ref null 0) f64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 3
    i32.eqz
    if ;; @1
      f64.const 0
      ref.null 0
      f64.const 0
      return
    end
    global.get 3
    i32.const 1
    i32.sub
    global.set 3
    f64.const -0x1.0p+63
    i32.trunc_f64_u
    f32.const -1
    i32.reinterpret_f32
    if (result i32) ;; @1
      i32.const 31
      i64.load8_u offset=27753
      ref.null func
      ref.is_null
      drop
      drop
      i32.const -1254181570
    else
      i64.const 1604280223
      i64.const 3072964393
      i64.extend8_s
      i64.rotl
      nop
      global.get 2
      i64.clz
      i64.or
      global.get 1
      i32.const -116918009
      i32.lt_u
      i64.const 256
      i64.const 2026600651
      i32.wrap_i64
      i64.extend_i32_s
      i64.clz
      i64.rotr
      i64.extend32_s
      i32.const -1665557319
      i32.const 194841501
      i32.ge_s
      i32.const 2
      ref.func 0
      table.set
      i64.const 879637614
      i32.const 32767
      i64.extend_i32_s
      i64.ctz
      i64.clz
      i64.sub
      drop
      drop
      drop
      global.set 1
      drop
      global.get 2
      f64.const -inf
      i64.reinterpret_f64
      i64.sub
      i64.const 2147483647
      i64.lt_u
    end
    f32.const 4294967296
    f32.const -0.50000006
    i32.reinterpret_f32
    f32.convert_i32_s
    local.tee 8
    f32.const nan
    local.get 8
    local.get 8
    f32.eq
    select
    f32.ceil
    local.tee 8
    f32.const nan
    local.get 8
    local.get 8
    f32.eq
    select
    f32.div
    local.tee 8
    f32.const nan
    local.get 8
    local.get 8
    f32.eq
    select
    i32.const 2
    ref.func 1
    table.set
    f32.const 4294967296
    f32.copysign
    local.tee 8
    f32.const nan
    local.get 8
    local.get 8
    f32.eq
    select
    f32.const 0
    f32.lt
    f32.const -0x1.0p+63
    f32.abs
    local.tee 8
    f32.const nan
    local.get 8
    local.get 8
    f32.eq
    select
    f32.neg
    local.tee 8
    f32.const nan
    local.get 8
    local.get 8
    f32.eq
    select
    i32.const 0
    i32.load align=1
    drop
    drop
    drop
    drop
    drop
    f64.const 0
    ref.null 0
    f64.const 0)
  (func (;1;) (type 6) (result f64 (ref null 0) f64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 3
    i32.eqz
    if ;; @1
      f64.const 0
      ref.null 0
      f64.const 0
      return
    end
    global.get 3
    i32.const 1
    i32.sub
    global.set 3
    f64.const 0
    ref.null 0
    f64.const 0)
  (func (;2;) (type 10) (param f32 funcref i32 i64) (result i64 f32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 3
    i32.eqz
    if ;; @1
      i64.const 0
      f32.const 0
      return
    end
    global.get 3
    i32.const 1
    i32.sub
    global.set 3
    local.get 3
    local.get 0)
  (func (;3;) (type 7) (param i32 f32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 3
    i32.eqz
    if ;; @1
      return
    end
    global.get 3
    i32.const 1
    i32.sub
    global.set 3)
  (func (;4;) (type 10) (param f32 funcref i32 i64) (result i64 f32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 3
    i32.eqz
    if ;; @1
      i64.const 0
      f32.const 0
      return
    end
    global.get 3
    i32.const 1
    i32.sub
    global.set 3
    local.get 3
    local.get 0)
  (data (;0;) (i32.const 0) "")
  (data (;1;) "\00")
  (data (;2;) "\00"))
