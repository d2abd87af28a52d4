(module
  (type (;0;) (func))
  (type (;1;) (func (result f64)))
  (type (;2;) (func (param f64 f64 f64 f64)))
  (type (;3;) (func (param i64 f64 f32)))
  (type (;4;) (func (param f64 i32 f32 i32) (result i64)))
  (type (;5;) (func (param i64 f64)))
  (table (;0;) 7 14 funcref)
  (memory (;0;) 1 4)
  (global (;0;) f32 (f32.const -0.50000006))
  (global (;1;) (mut f64) (f64.const 4294967296))
  (global (;2;) f64 (f64.const 2147483648))
  (global (;3;) (mut i32) (i32.const -1856874661))
  (global (;4;) (mut f64) (f64.const 0))
  (global (;5;) f32 (f32.const -inf))
  (global (;6;) i32 (i32.const -1140164150))
  (global (;7;) (mut f64) (f64.const -0))
  (global (;8;) (mut i64) (i64.const -5859373336115519388))
  (global (;9;) f64 (f64.const 1))
  (global (;10;) (mut i64) (i64.const -7108773605410801809))
  (global (;11;) i64 (i64.const -5535188619465339682))
  (global (;12;) (mut i32) (i32.const 400))
  (export "f0" (func 0))
  (export "f1" (func 1))
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
  (export "g01" (global 10))
  (export "g11" (global 11))
  (export "g21" (global 12))
  (elem (;0;) (i32.const 0) func 0 1)
  (func (;0;) (type 4) (param f64 i32 f32 i32) (result i64)
    (local f32 i64 i32 i64 i64 f64 i64 i64 i64 i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 12
    i32.eqz
    if ;; @1
      i64.const 0
      return
    end
    global.get 12
    i32.const 1
    i32.sub
    global.set 12
    f64.const 0
    i64.reinterpret_f64
    i64.clz
    i32.wrap_i64
    i32.ctz
    local.get 1
    if ;; @1
      nop
      f64.const -inf
      f64.abs
      local.tee 22
      f64.const nan
      local.get 22
      local.get 22
      f64.eq
      select
      f64.abs
      local.tee 22
      f64.const nan
      local.get 22
      local.get 22
      f64.eq
      select
      f64.const -0
      f64.ne
      i32.const 12
      i32.rem_u
      i32.const -816328873
      i32.extend16_s
      local.get 6
      i32.ge_u
      f32.convert_i32_u
      local.tee 21
      f32.const nan
      local.get 21
      local.get 21
      f32.eq
      select
      i32.const 25
      i32.load16_u offset=6
      local.get 5
      i64.const 156
      i64.rem_s
      local.get 6
      br_if 1
      local.get 7
      i32.wrap_i64
      i64.extend_i32_s
      i64.const 2564397273
      i64.ge_s
      i32.const 255
      i32.and
      i64.load offset=5
      drop
      local.set 11
      drop
      drop
      local.set 6
    end
    local.set 6
    i32.const 50
    i32.load16_s
    local.get 5
    i64.const 3542602535
    i64.gt_s
    i32.extend8_s
    local.set 1
    global.set 3
    local.get 7
    local.get 5
    i64.and
    i64.clz)
  (func (;1;) (type 4) (param f64 i32 f32 i32) (result i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 12
    i32.eqz
    if ;; @1
      i64.const 0
      return
    end
    global.get 12
    i32.const 1
    i32.sub
    global.set 12
    i32.const 0
    i32.const 255
    i32.and
    local.get 3
    i32.store offset=1 align=2
    nop
    local.get 3
    i32.const 255
    i32.and
    local.get 0
    f64.abs
    local.tee 13
    f64.const nan
    local.get 13
    local.get 13
    f64.eq
    select
    f64.store offset=7 align=4
    i32.const 629613959
    i64.extend_i32_s
    i32.const -679422080
    f64.convert_i32_s
    local.tee 13
    f64.const nan
    local.get 13
    local.get 13
    f64.eq
    select
    i64.reinterpret_f64
    i64.gt_u
    local.get 1
    f32.const -0x1.0p+63
    i32.reinterpret_f32
    select
    local.get 2
    block (result i64) ;; @1
      global.get 8
      i64.const 219
      i64.div_u
      global.get 8
      i32.wrap_i64
      br_table 0 (;@1;) 1 0 (;@1;) 0 (;@1;)
      i32.const 0
      call_indirect (type 4)
      local.get 2
      f32.floor
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      i32.const 26
      i32.const 1786276472
      i32.eqz
      local.get 1
      i32.eqz
      i32.mul
      local.get 3
      i32.lt_s
      i32.store offset=6
      f64.const -0
      local.get 3
      local.get 1
      local.get 1
      i32.xor
      f32.reinterpret_i32
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      i64.const 2147483648
      i32.wrap_i64
      i32.const 0
      call_indirect (type 4)
      f32.const 0
      i64.trunc_sat_f32_s
      global.get 8
      i64.const 1507482074
      i64.shl
      global.set 8
      global.set 8
      global.set 8
      drop
    end
    f32.const -0
    global.get 10
    f32.convert_i64_s
    local.tee 12
    f32.const nan
    local.get 12
    local.get 12
    f32.eq
    select
    f32.neg
    local.tee 12
    f32.const nan
    local.get 12
    local.get 12
    f32.eq
    select
    f32.const -0.50000006
    local.get 3
    i32.eqz
    local.get 2
    f32.const -0x1.0p+63
    f32.abs
    local.tee 12
    f32.const nan
    local.get 12
    local.get 12
    f32.eq
    select
    f32.ge
    i32.sub
    nop
    f64.convert_i32_u
    local.tee 13
    f64.const nan
    local.get 13
    local.get 13
    f64.eq
    select
    i64.const -9223372036854775808
    i32.wrap_i64
    i32.clz
    f64.const -0x1.000002p-1
    f64.floor
    local.tee 13
    f64.const nan
    local.get 13
    local.get 13
    f64.eq
    select
    i64.const 2580519375
    i64.const 1495357729
    i64.rem_u
    local.get 1
    global.get 8
    i64.clz
    i32.wrap_i64
    i32.add
    local.get 3
    i64.extend_i32_s
    i32.wrap_i64
    if (result f32) ;; @1
      i64.const 64
      i64.clz
      i32.const 32768
      i64.extend_i32_s
      i64.lt_u
      f64.convert_i32_s
      local.tee 13
      f64.const nan
      local.get 13
      local.get 13
      f64.eq
      select
      f64.neg
      local.tee 13
      f64.const nan
      local.get 13
      local.get 13
      f64.eq
      select
      i64.const 7
      f32.const 1
      f32.abs
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      f32.abs
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      f32.abs
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      local.get 2
      f32.abs
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      f32.add
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      f32.const -0.50000006
      f32.abs
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      f32.abs
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      local.get 2
      f32.const 0
      f32.abs
      local.tee 12
      f32.const nan
      local.get 12
      local.get 12
      f32.eq
      select
      f32.gt
      br_if 0 (;@1;)
      drop
      drop
      drop
      local.set 0
      f32.const -2147483648
    else
      local.get 2
    end
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
    i64.const 0)
  (data (;0;) (i32.const 0) "\00"))
