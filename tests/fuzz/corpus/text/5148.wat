(module
  (type (;0;) (func))
  (type (;1;) (func (param f64 f64 i32 i64) (result i64)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i64 f32) (result i64)))
  (type (;4;) (func (param i32 f64 f32)))
  (import "h" "0" (func (;0;) (type 3) (param i32 i64 i64 f32) (result i64)))
  (import "h" "1" (func (;1;) (type 2)))
  (table (;0;) 14 20 funcref)
  (memory (;0;) 2 2)
  (global (;0;) (mut i64) i64.const -1182511411641069882 i64.const 933363203895 i64.mul)
  (global (;1;) (mut f32) (f32.const 2147483648))
  (global (;2;) (mut i32) i32.const 926098560 i32.const -1374389577 i32.sub)
  (global (;3;) (mut f64) (f64.const -1))
  (global (;4;) (mut f32) (f32.const -0))
  (global (;5;) (mut i32) (i32.const 400))
  (export "f0" (func 2))
  (export "t0" (table 0))
  (export "m0" (memory 0))
  (export "g0" (global 0))
  (export "g1" (global 1))
  (export "g2" (global 2))
  (export "g3" (global 3))
  (export "g4" (global 4))
  (export "g5" (global 5))
  (elem (;0;) (i32.const 0) func 0 1 2)
  (func (;2;) (type 2)
    (local i32 i64 f64 f32 i64 i32 i64 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 5
    i32.eqz
    if ;; @1
      return
    end
    global.get 5
    i32.const 1
    i32.sub
    global.set 5
    local.get 7
    i32.wrap_i64
    local.get 5
    i32.mul
    local.get 5
    br_if 0
    local.get 0
    br_table 0 0
    i32.const 970144211
    local.get 5
    i32.lt_s
    if (result i64) ;; @1
      nop
      local.get 5
      if (result i32) ;; @2
        i64.const 2042329531
        local.get 6
        i64.or
        i32.wrap_i64
        local.get 5
        i64.extend_i32_s
        i32.wrap_i64
        i32.shl
        local.get 8
        i64.extend_i32_s
        local.get 4
        i64.ne
        local.set 5
        drop
        local.get 5
        br_if 2
        local.get 3
        f32.abs
        local.tee 17
        f32.const nan
        local.get 17
        local.get 17
        f32.eq
        select
        i32.reinterpret_f32
      else
        local.get 0
      end
      local.get 8
      f32.convert_i32_s
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      f32.const 0
      f32.sub
      local.tee 17
      f32.const nan
      local.get 17
      local.get 17
      f32.eq
      select
      local.get 5
      i32.eqz
      f64.const -2147483648
      f64.abs
      local.tee 18
      f64.const nan
      local.get 18
      local.get 18
      f64.eq
      select
      f64.abs
      local.tee 18
      f64.const nan
      local.get 18
      local.get 18
      f64.eq
      select
      f64.abs
      local.tee 18
      f64.const nan
      local.get 18
      local.get 18
      f64.eq
      select
      f64.const 0
      f64.abs
      local.tee 18
      f64.const nan
      local.get 18
      local.get 18
      f64.eq
      select
      f64.abs
      local.tee 18
      f64.const nan
      local.get 18
      local.get 18
      f64.eq
      select
      f64.abs
      local.tee 18
      f64.const nan
      local.get 18
      local.get 18
      f64.eq
      select
      f64.le
      local.set 5
      global.set 2
      drop
      drop
      local.get 4
    else
      local.get 6
      i64.clz
      local.get 1
      i64.lt_s
      local.get 5
      i32.shr_u
      nop
      local.get 2
      global.set 3
      local.set 8
      local.get 1
    end
    i32.wrap_i64
    i32.const 255
    i32.and
    i64.load8_s offset=7
    local.set 4)
  (data (;0;) (i32.const 0) "\90$\03V\b8\82j\d2\8ek\8e\82>1")
  (data (;1;) "\00\16\d5\b2\c6\aa\8b-y\cakf\b7;\c2\b9\e9u\c0%nJ\df")
  (data (;2;) "a`\fc\de"))
