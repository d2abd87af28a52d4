(module
  (type (;0;) (func))
  (type (;1;) (func (param f64 f64 i32)))
  (type (;2;) (func (result f64 i32)))
  (type (;3;) (func (result i32)))
  (type (;4;) (func (param f64 f32 i64 f64) (result i64 f64 i64)))
  (type (;5;) (func (param i64 i64 i64)))
  (type (;6;) (func (param f64) (result f64 f32)))
  (type (;7;) (func))
  (type (;8;) (func (param f32 f64 f32) (result i64 f64 f64)))
  (type (;9;) (func (param f32) (result i64)))
  (type (;10;) (func (param i64 i64) (result i32)))
  (table (;0;) 15 16 funcref)
  (memory (;0;) 2 4)
  (global (;0;) f32 (f32.const inf))
  (global (;1;) (mut f64) (f64.const -0x1.0p+63))
  (global (;2;) i32 i32.const -1948528619 i32.const 1107147046 i32.mul)
  (global (;3;) f64 (f64.const 4294967296))
  (global (;4;) (mut i64) (i64.const -5014216602933006456))
  (global (;5;) f64 (f64.const nan))
  (global (;6;) i64 (i64.const -7434734287664030746))
  (global (;7;) (mut i32) i32.const -1081542425 i32.const -1221679624 i32.mul)
  (global (;8;) (mut i64) (i64.const 1766186853405588596))
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
  (func (;0;) (type 3) (result i32)
    (local i64 f64 i64 i64 f64 f64 i64 f32 i32 i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 9
    i32.eqz
    if ;; @1
      i32.const 0
      return
    end
    global.get 9
    i32.const 1
    i32.sub
    global.set 9
    call 0
    local.get 7
    f32.floor
    local.tee 17
    f32.const nan
    local.get 17
    local.get 17
    f32.eq
    select
    local.get 8
    local.get 7
    f32.abs
    local.tee 17
    f32.const nan
    local.get 17
    local.get 17
    f32.eq
    select
    i64.const 9223372036854775807
    i32.wrap_i64
    f32.convert_i32_s
    local.tee 17
    f32.const nan
    local.get 17
    local.get 17
    f32.eq
    select
    f32.lt
    br_if 0
    local.get 6
    i64.popcnt
    local.get 1
    f64.ceil
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    nop
    i32.const 1
    memory.grow
    memory.size
    i32.const 64
    i32.const -1
    i32.and
    i64.const 128
    local.get 0
    i64.clz
    i64.gt_s
    i32.and
    i64.extend_i32_u
    local.get 7
    local.get 7
    f32.le
    f64.convert_i32_s
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    local.get 7
    local.get 7
    f32.eq
    local.get 8
    local.set 8
    i64.const 102106646
    i32.wrap_i64
    local.get 8
    i32.rotr
    i32.shr_s
    i32.const 16
    local.get 1
    i64.reinterpret_f64
    i64.clz
    i64.store offset=39452 align=1
    i32.const 255
    i32.and
    i64.load32_s offset=5
    local.get 0
    i32.wrap_i64
    i32.load16_s offset=2 align=1
    local.get 3
    i64.clz
    i32.wrap_i64
    i32.const 69
    i32.div_s
    local.get 7
    f32.abs
    local.tee 17
    f32.const nan
    local.get 17
    local.get 17
    f32.eq
    select
    f64.promote_f32
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    f64.ceil
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    global.get 5
    local.get 2
    i32.wrap_i64
    f32.convert_i32_u
    local.tee 17
    f32.const nan
    local.get 17
    local.get 17
    f32.eq
    select
    drop
    i32.const -1811049459
    i32.const 255
    i32.and
    i64.load32_s offset=3 align=2
    local.get 2
    i64.const 128
    i64.sub
    i64.rotl
    i32.const 2069396312
    local.get 0
    i32.wrap_i64
    f64.convert_i32_s
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    f64.const 1
    f64.copysign
    local.tee 18
    f64.const nan
    local.get 18
    local.get 18
    f64.eq
    select
    f32.const 0
    f32.abs
    local.tee 17
    f32.const nan
    local.get 17
    local.get 17
    f32.eq
    select
    f32.trunc
    local.tee 17
    f32.const nan
    local.get 17
    local.get 17
    f32.eq
    select
    local.set 7
    f32.const -0.50000006
    local.get 3
    local.get 0
    i64.gt_u
    i64.extend_i32_s
    local.get 1
    i32.const 313135786
    f32.const -2147483648
    i32.reinterpret_f32
    i32.le_u
    if (type 4) (param f64 f32 i64 f64) (result i64 f64 i64) ;; @1
      local.get 4
      f64.sub
      local.tee 18
      f64.const nan
      local.get 18
      local.get 18
      f64.eq
      select
      local.get 7
      local.get 8
      local.get 6
      i32.wrap_i64
      i32.eq
      f32.reinterpret_i32
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      f32.max
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      local.get 0
      i64.clz
      local.get 6
      i64.const 1424577769
      i64.shr_u
      i64.lt_u
      f32.convert_i32_s
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      f32.floor
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      local.tee 7
      drop
      drop
      local.set 4
      local.set 2
      drop
      drop
      i64.const 9223372036854775807
      i64.clz
      local.get 1
      f64.abs
      local.tee 18
      f64.const nan
      local.get 18
      local.get 18
      f64.eq
      select
      i64.const 4294967295
      i64.clz
    else
      i64.const 32
      i32.wrap_i64
      f32.convert_i32_s
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      local.get 7
      f32.neg
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      local.set 7
      local.set 7
      drop
      local.set 6
      local.set 7
      drop
      local.get 6
      i64.const 2638650694
      i64.clz
      i64.clz
      i64.xor
      local.get 1
      local.get 1
      i64.reinterpret_f64
    end
    block ;; @1
      i64.const 2736956194
      local.get 6
      i64.const 4294967296
      i32.const 1
      if (type 5) (param i64 i64 i64) ;; @2
        local.set 6
        drop
        drop
      else
        local.set 0
        local.set 0
        local.set 6
      end
    end
    drop
    local.set 1
    local.set 2
    local.set 8
    local.set 6
    drop
    drop
    local.set 8
    local.set 8
    local.set 0
    drop
    local.set 2
    local.set 8
    local.set 8
    drop
    drop
    local.set 8
    local.set 7)
  (data (;0;) (i32.const 0) "\15\bc\f8\ec\cc"))
