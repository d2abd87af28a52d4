(module
  (type (;0;) (func))
  (type (;1;) (func (param i64 f32 i32)))
  (type (;2;) (func (param f32 i32 f32 f32) (result i64)))
  (type (;3;) (func (param f32 i32) (result f32)))
  (type (;4;) (func (result i32)))
  (type (;5;) (func (param i64 i32 f32) (result i32)))
  (type (;6;) (func (param f64 i32) (result f32)))
  (type (;7;) (func (param i32 i64)))
  (type (;8;) (func (param i32) (result f64)))
  (type (;9;) (func (param f64) (result i32)))
  (type (;10;) (func))
  (table (;0;) 9 15 funcref)
  (memory (;0;) 1 2)
  (global (;0;) f64 (f64.const inf))
  (global (;1;) (mut f32) (f32.const 1))
  (global (;2;) i32 (i32.const 295492854))
  (global (;3;) f32 (f32.const -1))
  (global (;4;) (mut f32) (f32.const -inf))
  (global (;5;) f64 (f64.const 0.5))
  (global (;6;) (mut i64) (i64.const -3195074978590225617))
  (global (;7;) (mut f64) (f64.const -0x1.000002p-1))
  (global (;8;) (mut f64) (f64.const 0.5))
  (global (;9;) (mut i32) (i32.const 400))
  (export "f0" (func 0))
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
  (elem (;0;) (i32.const 0) func 0)
  (func (;0;) (type 10)
    (local i32 f32 f32 f64 i32 i64 f64 i32 i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 9
    i32.eqz
    if ;; @1
      return
    end
    global.get 9
    i32.const 1
    i32.sub
    global.set 9
    i32.const 59
    local.get 5
    i64.store8 offset=1
    local.get 4
    i32.const 181
    i32.rem_s
    local.get 7
    local.get 5
    i32.wrap_i64
    i32.ge_u
    i32.or
    global.get 8
    local.get 7
    f32.convert_i32_s
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    f32.const 2147483648
    f32.max
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    i32.trunc_sat_f32_u
    drop
    local.set 6
    i32.const 0
    memory.grow
    local.get 1
    f32.abs
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    local.get 1
    f32.abs
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    f32.eq
    if ;; @1
      call 0
      local.get 5
      i32.wrap_i64
      i64.extend_i32_s
      i64.popcnt
      call 0
      drop
    else
      local.get 4
      local.get 5
      i32.wrap_i64
      i32.mul
      f64.convert_i32_s
      local.tee 17
      f64.const nan
      local.get 17
      local.get 17
      f64.eq
      select
      local.get 7
      f64.convert_i32_s
      local.tee 17
      f64.const nan
      local.get 17
      local.get 17
      f64.eq
      select
      f64.abs
      local.tee 17
      f64.const nan
      local.get 17
      local.get 17
      f64.eq
      select
      f64.add
      local.tee 17
      f64.const nan
      local.get 17
      local.get 17
      f64.eq
      select
      local.get 5
      f64.const -0
      i64.reinterpret_f64
      i64.clz
      i64.le_u
      i32.const 255
      i32.and
      i64.load16_s offset=4
      i64.const 33
      i64.div_s
      local.set 5
      local.set 3
    end
    f64.const 0
    f64.abs
    local.tee 17
    f64.const nan
    local.get 17
    local.get 17
    f64.eq
    select
    f64.abs
    local.tee 17
    f64.const nan
    local.get 17
    local.get 17
    f64.eq
    select
    f64.abs
    local.tee 17
    f64.const nan
    local.get 17
    local.get 17
    f64.eq
    select
    i32.trunc_sat_f64_s
    local.get 5
    i64.ctz
    i32.const 59
    local.get 5
    i64.store16 offset=2 align=1
    local.get 1
    f32.abs
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    local.get 1
    f32.mul
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    global.get 5
    f32.const 3.1415927
    i32.reinterpret_f32
    f32.reinterpret_i32
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    f32.abs
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    f32.const -0.50000006
    f32.ne
    f64.const 0
    f64.abs
    local.tee 17
    f64.const nan
    local.get 17
    local.get 17
    f64.eq
    select
    local.get 3
    f64.max
    local.tee 17
    f64.const nan
    local.get 17
    local.get 17
    f64.eq
    select
    i64.const 2147483648
    local.get 4
    i64.extend_i32_s
    i64.clz
    i64.le_s
    i32.clz
    i32.const 42
    i64.load32_s offset=5 align=2
    i32.const 33
    local.get 3
    f64.store offset=33328 align=1
    local.get 4
    local.get 7
    i32.rotr
    i32.eqz
    i32.const 1639670203
    i32.lt_u
    local.get 7
    i32.shr_s
    f32.const 1
    i32.trunc_f32_u
    local.get 4
    i64.extend_i32_s
    i64.store32 offset=4807 align=2
    local.get 5
    i64.eqz
    i64.extend_i32_s
    local.get 5
    i64.shl
    local.get 5
    i64.gt_s
    i32.mul
    i32.const 0
    call_indirect (type 10)
    local.get 1
    i32.const -2147483648
    f32.reinterpret_i32
    local.tee 16
    f32.const nan
    local.get 16
    local.get 16
    f32.eq
    select
    f32.ne
    i32.const 242
    i32.div_s
    i32.rotr
    f64.const -inf
    i64.reinterpret_f64
    i64.clz
    i64.const 2431357163
    i64.clz
    i64.clz
    i64.mul
    i64.const 65535
    i64.rem_u
    drop
    drop
    local.set 5
    local.set 4
    local.set 6
    local.set 7
    local.set 3
    local.set 1
    drop
    drop
    local.set 7
    drop)
  (data (;0;) (i32.const 0) "\f5\e0\a5\97;F\82\ca\dc!Y\0e(V\8f~Y\1f\f1\f6/\ce\e5:\e9\dc\96\c2e\d8\12\d2i\c6Qx"))
