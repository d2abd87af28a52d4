;; SPDX-License-Identifier: Apache-2.0
;; Fields, types, segments, control, folded and flat: seed of the mutants and of the golden text.
(module $core
  (type $bin (func (param i32 i32) (result i32)))
  (type $self (func (param (ref null $self)) (result (ref null $self))))
  (import "env" "log" (func $log (param $what i32)))
  (import "env" "memory" (memory $shared 1 2 shared))
  (func $inline (export "inline") (export "again") (import "env" "inline") (param i64))
  (global $counter (mut i32) (i32.const -1))
  (global $pi f64 (f64.const 0x1.921fb54442d18p+1))
  (global $base i32 (i32.add (i32.const 16) (i32.mul (i32.const 4) (i32.const 2))))
  (memory $own 1)
  (memory $text (data "a\00\ff\"\\\t\u{20ac}" "tail"))
  (table $calls 4 8 funcref)
  (table $typed (ref null $bin) (elem (ref.func $add) (item (ref.null $bin))))
  (table $filled i64 2 funcref (ref.func $add))

  (elem $seg (table $calls) (offset (i32.const 1)) func $add $sub)
  (elem (i32.const 0) $sub)
  (elem declare func $sub)
  (elem $passive funcref (item ref.null func) (item ref.func $add))
  (data $greeting "hello, " "world\n")
  (data (memory $own) (i32.const 8) "\de\ad\be\ef")
  (start $init)

  (func $init)
  (func $add (type $bin) (i32.add (local.get 0) (local.get 1)))
  (func $sub (type $bin) (param $a i32) (param $b i32) (result i32)
    local.get $a
    local.get $b
    i32.sub)

  (func $flat (param $n i32) (result i64) (local $acc i64) (local i32 i32 f32)
    block $done
      loop $again
        local.get $n
        i32.eqz
        br_if $done
        local.get $acc
        local.get $n
        i64.extend_i32_u
        i64.add
        local.set $acc
        local.get $n
        i32.const 1
        i32.sub
        local.set $n
        br $again
      end $again
    end $done
    local.get $n
    if (result i64)
      i64.const 0x7fff_ffff_ffff_ffff
    else
      local.get $acc
    end)

  (func $folded (export "folded") (param $n i32) (result i32)
    (block $a (result i32)
      (drop (br_if $a (i32.const 1) (local.get $n)))
      (if (result i32) (i32.lt_u (local.get $n) (i32.const 10))
        (then (i32.const 2))
        (else (block $b (param) (result i32)
          (br_table $a $b 0 (i32.const 3) (local.get $n)))))))

  (func $calls_all (param i32) (result i32)
    (call $log (i32.const 1))
    (drop (call_indirect $calls (type $bin) (i32.const 1) (i32.const 2) (local.get 0)))
    (drop (call_indirect (param i32 i32) (result i32) (i32.const 1) (i32.const 2) (local.get 0)))
    (drop (call_ref $bin (i32.const 1) (i32.const 2) (ref.func $add)))
    (drop (select (result (ref null $bin)) (ref.null $bin) (ref.func $add) (i32.const 1)))
    (drop (select (i32.const 1) (i32.const 2) (i32.const 3)))
    (return_call $folded (local.get 0)))

  (func $memory_all
    (i32.store $own offset=4 align=2 (i32.const 0) (i32.load8_u $text offset=0x10 (i32.const 1)))
    (memory.init $own $greeting (i32.const 0) (i32.const 0) (i32.const 3))
    (memory.copy $own $text (i32.const 0) (i32.const 0) (i32.const 3))
    (memory.fill $own (i32.const 0) (i32.const 0) (i32.const 3))
    (drop (memory.grow $own (memory.size $text)))
    (data.drop $greeting)
    (table.init $calls $passive (i32.const 0) (i32.const 0) (i32.const 1))
    (table.copy $calls $calls (i32.const 0) (i32.const 0) (i32.const 1))
    (table.set $filled (i64.const 0) (table.get $filled (i64.const 1)))
    (drop (table.grow $calls (ref.null func) (table.size $calls)))
    (elem.drop $passive)
    (drop (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 1) (i32.const 2)))
    (drop (memory.atomic.notify offset=8 (i32.const 0) (i32.const 1)))
    (atomic.fence))

  (func $floats (result f32 f32 f32 f64 f64 f64)
    (f32.const 0.1) (f32.const -inf) (f32.const nan:0x200000)
    (f64.const 1e-300) (f64.const -0) (f64.const nan))

  (func $"a name, with \"quotes\"" (export "\00 odd \u{1f600}"))
  (@custom "note" (after code) "kept" "\01")
  (@ignored (anything "goes" 1.x) ;; here
  )
)
