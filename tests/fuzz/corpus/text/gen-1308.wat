(module
  (type (;0;) (func))
  (type (;1;) (func (param f64 f64 f64 i32) (result f64 f32 f32)))
  (type (;2;) (func (param f64 f32 i32) (result i32 f64 f64)))
  (type (;3;) (func (param f32 f64) (result f64 i64)))
  (type (;4;) (func (param i64 f32) (result i32 f32)))
  (type (;5;) (func (param f32 f32 i32) (result i32 i64 i64)))
  (type (;6;) (func))
  (type (;7;) (func (param i64 i64 f32 i32)))
  (type (;8;) (func (param i64) (result f32)))
  (type (;9;) (func (param i32 f64 f64)))
  (type (;10;) (func (param i64 i64)))
  (import "h" "0" (func (;0;) (type 2) (param f64 f32 i32) (result i32 f64 f64)))
  (import "h" "1" (func (;1;) (type 2) (param f64 f32 i32) (result i32 f64 f64)))
  (table (;0;) 13 18 funcref)
  (memory (;0;) 2 3)
  (global (;0;) f32 (f32.const -0.50000006))
  (global (;1;) (mut i32) (i32.const 2065550767))
  (global (;2;) (mut i32) (i32.const 2065550767))
  (global (;3;) (mut i32) (i32.const 2065550767))
  (global (;4;) (mut i32) (i32.const 2065550767))
  (global (;5;) (mut i32) (i32.const 2065550767))
  (global (;6;) (mut i32) (i32.const 2065550767))
  (global (;7;) (mut i32) (i32.const 2065550767))
  (global (;8;) (mut i32) (i32.const 2065550767))
  (global (;9;) (mut i32) (i32.const 400))
  (export "f0" (func 2))
  (export "f1" (func 3))
  (export "f2" (func 4))
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
  (elem (;0;) (i32.const 0) func 0 1 2 3 4)
  (func (;2;) (type 3) (param f32 f64) (result f64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 9
    i32.eqz
    if ;; @1
      f64.const 0
      i64.const 0
      return
    end
    global.get 9
    i32.const 1
    i32.sub
    global.set 9
    local.get 1
    i64.const 0)
  (func (;3;) (type 7) (param i64 i64 f32 i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 9
    i32.eqz
    if ;; @1
      return
    end
    global.get 9
    i32.const 1
    i32.sub
    global.set 9)
  (func (;4;) (type 4) (param i64 f32) (result i32 f32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 f32 f64)
    global.get 9
    i32.eqz
    if ;; @1
      i32.const 0
      f32.const 0
      return
    end
    global.get 9
    i32.const 1
    i32.sub
    global.set 9
    i32.const 0
    local.get 1)
  (data (;0;) (i32.const 0) "\00"))
