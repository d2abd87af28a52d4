(module
  (type (;0;) (func))
  (type (;1;) (func (param f64 f32 i32 f64)))
  (type (;2;) (func (param i64) (result f32 i32 i64)))
  (type (;3;) (func (param i64 i32 f32) (result i64 f64 (ref null 0))))
  (type (;4;) (func (param i32 i32)))
  (type (;5;) (func (param f64 i32) (result (ref null 3))))
  (type (;6;) (func (param i32 f32 i32) (result externref i64 i32)))
  (type (;7;) (func (result f32 f64 f64)))
  (import "h" "0" (func (;0;) (type 1) (param f64 f32 i32 f64)))
  (import "h" "1" (func (;1;) (type 2) (param i64) (result f32 i32 i64)))
  (table (;0;) 14 16 funcref)
  (table (;1;) 14 21 externref)
  (memory (;0;) 2 4)
  (tag (;0;) (type 4) (param i32 i32))
  (global (;0;) (mut externref) (ref.null extern))
  (global (;1;) (mut f64) (f64.const -0))
  (global (;2;) (mut externref) (ref.null extern))
  (global (;3;) (mut i32) (i32.const 400))
  (export "f0" (func 2))
  (export "f1" (func 3))
  (export "f2" (func 4))
  (export "f3" (func 5))
  (export "f4" (func 6))
  (export "t0" (table 0))
  (export "t1" (table 1))
  (export "m0" (memory 0))
  (export "g0" (global 0))
  (export "g1" (global 1))
  (export "g2" (global 2))
  (export "g3" (global 3))
  (elem (;0;) (i32.const 0) func 0 1 2 3 4 5 6)
  (elem (;1;) funcref (ref.func 0) (ref.null func) (ref.func 2) (ref.null func))
  (elem (;2;) declare func 0 1 2 3 4 5 6)
  (func (;2;) (type 2) (param i64) (result f32 i32 i64)
    (local f64 f32 i64 i32 (ref null 6) exnref i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 3
    i32.eqz
    if ;; @1
      f32.const 0
      i32.const 0
      i64.const 0
      return
    end
    global.get 3
    i32.const 1
    i32.sub
    global.set 3
    local.get 1
    local.get 1
    f64.trunc
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    f64.min
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    local.get 8
    i64.extend_i32_s
    local.get 2
    local.get 2
    f32.ne
    i64.extend_i32_s
    i64.sub
    try (type 2) (param i64) (result f32 i32 i64) ;; @1
      i64.const -1
      i32.wrap_i64
      local.get 7
      ref.func 3
      call_ref 4
      local.get 2
      local.get 0
      i64.eqz
      i32.const -1230260565
      i64.extend_i32_s
      ref.null extern
      br_on_null 1
      ref.null extern
      ref.as_non_null
      local.get 4
      select (result (ref extern))
      drop
      drop
      drop
      local.set 2
      local.set 3
      local.get 2
      f32.abs
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      f32.abs
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      i32.const -1005075433
      local.get 0
    delegate 0
    local.get 4
    local.get 7
    i32.rotr
    i32.const 255
    i32.and
    local.get 4
    i32.store offset=2 align=2
    i64.const 99
    i64.rem_s
    local.get 1
    i64.reinterpret_f64
    i32.wrap_i64
    f64.convert_i32_s
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    f64.nearest
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    i32.const 30
    i64.load8_u offset=1
    i32.wrap_i64
    local.get 3
    ref.func 1
    return_call_ref 2
    local.get 2
    local.get 4
    local.get 0)
  (func (;3;) (type 4) (param i32 i32)
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
  (func (;4;) (type 1) (param f64 f32 i32 f64)
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
  (func (;5;) (type 4) (param i32 i32)
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
  (func (;6;) (type 3) (param i64 i32 f32) (result i64 f64 (ref null 0))
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 3
    i32.eqz
    if ;; @1
      i64.const 0
      f64.const 0
      ref.null 0
      return
    end
    global.get 3
    i32.const 1
    i32.sub
    global.set 3
    local.get 0
    f64.const 0
    ref.null 0)
  (data (;0;) (i32.const 0) "\00")
  (data (;1;) "\00")
  (data (;2;) "\00"))
