(module
  (type (;0;) (func))
  (type (;1;) (func (param i64 i64 i64 i64) (result f32)))
  (type (;2;) (func (param f64) (result i32 f64 f64)))
  (type (;3;) (func (param f64 f32 i32 f32) (result f32 i64 f64)))
  (type (;4;) (func (param f32 i32 f64 i32) (result f32)))
  (import "h" "0" (func (;0;) (type 3) (param f64 f32 i32 f32) (result f32 i64 f64)))
  (import "h" "1" (func (;1;) (type 2) (param f64) (result i32 f64 f64)))
  (table (;0;) 14 14 funcref)
  (memory (;0;) 0 3)
  (global (;0;) (mut i32) i32.const 2065550767 i32.const -381774958 i32.mul)
  (global (;1;) f32 (f32.const -inf))
  (global (;2;) (mut f64) (f64.const 0.5))
  (global (;3;) (mut f64) (f64.const -inf))
  (global (;4;) f64 (f64.const 1))
  (global (;5;) (mut i64) i64.const 2422743717134523638 i64.const 1133718656040 i64.sub)
  (global (;6;) (mut f64) (f64.const -0x1.0p+63))
  (global (;7;) f32 (f32.const -inf))
  (global (;8;) (mut f64) (f64.const nan))
  (global (;9;) (mut i32) (i32.const 400))
  (export "f0" (func 2))
  (export "t0" (table 0))
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
  (elem (;0;) (i32.const 0) func 0 1 2)
  (func (;2;) (type 2) (param f64) (result i32 f64 f64)
    (local f64 f32 f32 f64 f32 f64 i64 f32 i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 9
    i32.eqz
    if ;; @1
      i32.const 0
      f64.const 0
      f64.const 0
      return
    end
    global.get 9
    i32.const 1
    i32.sub
    global.set 9
    i32.const 32
    i32.const 129
    i32.div_s
    i64.const 966736287
    f32.convert_i64_u
    local.tee 17
    f32.const nan
    local.get 17
    local.get 17
    f32.eq
    select
    global.get 0
    i32.const 255
    i32.and
    local.get 7
    local.get 7
    i64.div_u
    i64.clz
    i32.wrap_i64
    i32.ge_s
    local.get 3
    i32.reinterpret_f32
    i32.rotl
    i64.const 4099339350
    i64.const 215
    i64.rem_s
    local.get 0
    f64.abs
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    i32.const 1
    call_indirect (type 2)
    drop
    drop
    drop
    drop
    drop
    drop
    local.get 0
    local.get 0)
  (data (;0;) (i32.const 0) ""))
