;; SPDX-License-Identifier: Apache-2.0
;; Loops over more locals than compiled code has registers; run by test_hot_locals.c.
(module
  (type $host (func (param i32) (result i64)))
  (type $leaf (func (param i32 i64) (result i32 i64)))
  (import "" "host" (func $host (type $host)))
  (memory (export "m") 1 4)
  (table 4 4 funcref)
  (elem (i32.const 1) func $leaf $host2)
  (elem declare func $leaf)
  (tag $number (param i32))
  (tag $pair (param i64 f64))
  (global $g (mut i64) (i64.const 5))

  ;; ---- many locals of both files, nested loops ----
  (func (export "many") (param $n i32) (result i64)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $k i32)
    (local $e i64) (local $f i64) (local $h i64)
    (local $p f32) (local $q f32) (local $r f64) (local $s f64) (local $t f64)
    (local $v v128) (local $w v128) (local $x v128)
    i32.const 7 local.set $a
    i64.const 0x123456789abcdef local.set $e
    f32.const 1.5 local.set $p
    f64.const 0.25 local.set $s
    loop $outer
      i32.const 5 local.set $k
      loop $inner
        local.get $a local.get $b local.set $a local.set $b          ;; swap
        local.get $p local.get $q local.set $p local.set $q
        local.get $v local.get $w local.set $v local.set $w
        local.get $a local.get $a i32.add local.set $a               ;; x = x + x
        local.get $b local.get $b i32.mul local.set $b               ;; x = x * x
        local.get $c local.get $a i32.sub local.set $a               ;; x = y - x
        local.get $s local.get $r f64.sub local.set $r
        local.get $e local.get $f i64.sub local.set $f
        local.get $a local.get $k i32.shl local.set $c
        local.get $c local.get $b i32.rotl local.set $d
        local.get $k local.get $d i32.rotr local.set $d
        local.get $f local.get $e i64.shr_u local.get $e i64.xor local.set $f
        local.get $e local.get $h i64.rotl local.set $e
        local.get $d local.get $d i32.eq local.get $a local.get $a i32.lt_s i32.add
        local.get $b i32.add local.set $b                            ;; compares with itself
        local.get $a local.get $b i32.xor local.tee $c local.tee $d local.tee $a local.get $d
        i32.add local.set $b                                         ;; tee chain
        local.get $a local.get $c local.get $d select local.set $c   ;; selects
        local.get $e local.get $f local.get $k i32.const 1 i32.and select local.set $h
        local.get $p local.get $q local.get $a i32.const 4 i32.and select local.set $q
        local.get $a i64.extend_i32_s local.get $e i64.add local.set $e ;; across files
        local.get $k f32.convert_i32_s local.get $q f32.add local.set $q
        local.get $q f64.promote_f32 local.get $s f64.mul local.tee $t local.set $s
        local.get $s f64.const 1e9 f64.gt if f64.const 0.125 local.set $s end
        local.get $q f32.const 1e6 f32.gt if f32.const 3.5 local.set $q end
        local.get $t i64.reinterpret_f64 local.get $h i64.add local.set $h
        local.get $k i32.const 1 i32.or local.set $d
        local.get $a local.get $d i32.rem_u local.get $e local.get $h i64.const 1 i64.or i64.div_u
        i32.wrap_i64 i32.add local.set $c                            ;; division
        local.get $v local.get $a i32x4.splat i32x4.add local.set $v ;; vectors
        local.get $w local.get $e i64x2.replace_lane 1 local.get $v v128.xor local.set $w
        local.get $v local.get $w i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31
        local.set $x
        local.get $v local.get $w local.get $x v128.bitselect local.set $w
        local.get $x i32x4.extract_lane 2 local.get $c i32.add local.set $c
        local.get $x i64x2.extract_lane 1 local.get $f i64.add local.set $f
        local.get $x local.get $k i16x8.shl local.get $x v128.or local.set $x
        i32.const 64 local.get $a i32.store                          ;; memory
        local.get $k local.get $k i32.store offset=128               ;; address = value
        local.get $k i32.load offset=128 local.set $d
        i32.const 132 local.set $d
        local.get $d i32.load offset=4 local.set $d                  ;; into the address
        local.get $k i32.const 1 i32.sub local.tee $k br_if $inner
      end
      local.get $n i32.const 1 i32.sub local.tee $n br_if $outer
    end
    local.get $a local.get $b i32.add local.get $c i32.xor local.get $d i32.add i64.extend_i32_u
    local.get $e i64.add local.get $f i64.xor local.get $h i64.add
    local.get $p i32.reinterpret_f32 local.get $q i32.reinterpret_f32 i32.add i64.extend_i32_u i64.xor
    local.get $r i64.reinterpret_f64 i64.add local.get $s i64.reinterpret_f64 i64.add
    local.get $v i64x2.extract_lane 0 i64.add local.get $w i64x2.extract_lane 1 i64.add
    local.get $x i64x2.extract_lane 0 i64.add)

  (func (export "vectors") (param $n i32) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $e v128) (local $f v128)
    (local $g v128) (local $h v128) (local $x f32) (local $y f64) (local $i i32)
    v128.const i32x4 1 2 3 4 local.set $a
    v128.const f32x4 1.5 2.5 3.5 4.5 local.set $b
    loop $l
      local.get $a local.get $c local.get $d local.get $e local.get $f local.get $g local.get $h
      local.set $a local.set $h local.set $g local.set $f local.set $e local.set $d local.set $c
      local.get $a local.get $b i8x16.add local.set $a
      local.get $a local.get $a i16x8.mul local.get $a i16x8.sub local.set $c
      local.get $c local.get $a i32x4.sub local.set $a
      local.get $n i8x16.splat local.get $a i8x16.swizzle local.set $d
      local.get $d local.get $c i8x16.avgr_u local.set $e
      local.get $e i64x2.neg local.set $f
      local.get $b local.get $b f32x4.add v128.const f32x4 0.5 0.5 0.5 0.25 f32x4.mul local.set $b
      local.get $b f32x4.extract_lane 3 local.tee $x f64.promote_f32 local.set $y
      local.get $g local.get $x f32x4.replace_lane 0 local.set $g
      local.get $h local.get $y f64x2.replace_lane 1 local.set $h
      local.get $f i8x16.all_true local.get $c i16x8.bitmask i32.add local.get $a v128.any_true
      i32.add local.set $i
      local.get $e local.get $i i64x2.shr_s local.get $d v128.andnot local.set $e
      local.get $i i32.const 7 i32.and local.get $a v128.store8_lane offset=512 5
      local.get $i i32.const 7 i32.and local.get $g v128.load16_lane offset=66 3 local.set $g
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a local.get $b v128.xor local.get $c i32x4.add local.get $d v128.xor local.get $e
    i64x2.add local.get $f v128.xor local.get $g i8x16.add local.get $h v128.xor local.tee $a
    i64x2.extract_lane 0 local.get $a i64x2.extract_lane 1 i64.add local.get $i i64.extend_i32_u
    i64.add)

  ;; ---- branches: tables, results in registers ----
  (func (export "branches") (param $n i32) (result i64)
    (local $a i32) (local $b i64) (local $c f64) (local $d i32) (local $e i32) (local $f i32)
    (local $v v128)
    loop $l
      block $three (result i32)
        block $two (result i32)
          block $one (result i32)
            local.get $a i32.const 3 i32.add
            local.get $n
            br_table $one $two $three $two $one
          end
          local.get $d i32.add local.tee $d
          local.get $n i32.const 3 i32.and i32.eqz br_if $three
          drop local.get $f
        end
        local.get $e i32.xor local.set $e
        local.get $e
      end
      local.set $a
      block $out
        block $in
          local.get $a i32.const 3 i32.and br_table $in $out $in
        end
        local.get $d local.get $a i32.add local.set $d
      end
      local.get $n i32.const 1 i32.and
      if (result f64) local.get $c f64.const 1.25 f64.add else local.get $c f64.const 0.5 f64.mul end
      local.set $c
      local.get $b local.get $a i64.extend_i32_u i64.add local.get $n i32.const 7 i32.rem_u
      i64.extend_i32_u i64.mul local.set $b
      block $b (result v128)
        local.get $v local.get $d i32x4.splat i32x4.add
        local.get $d i32.eqz br_if $b
        local.get $d i32.const 2 i32.and br_if $b
        v128.not
      end
      local.set $v
      block (result i32)
        local.get $f local.get $n i32.add local.get $f local.get $a i32.lt_u br_if 0
        i32.const 77 i32.xor
      end
      local.set $f
      local.get $n i32.const 1 i32.sub local.tee $n i32.eqz i32.eqz br_if $l
    end
    local.get $a local.get $d i32.add local.get $e i32.xor local.get $f i32.add i64.extend_i32_u
    local.get $b i64.add local.get $c i64.reinterpret_f64 i64.xor
    local.get $v i64x2.extract_lane 1 i64.add)

  (func (export "parameters") (param $n i32) (result i64)
    (local $a i32) (local $b i64) (local $c f32) (local $d i64)
    local.get $a i64.const 17 f32.const 2.5
    loop $l (param i32 i64 f32) (result i64 i32)
      local.set $c local.set $b local.set $a
      local.get $a local.get $n i32.add
      local.get $b local.get $d i64.add local.tee $d
      local.get $c f32.const 0.5 f32.mul local.get $n f32.convert_i32_u f32.add
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
      drop
      local.set $b local.set $a
      local.get $b local.get $a
      block (param i64 i32) (result i64 i32)
        local.get $a br_if 0
        local.set $a
        local.get $a
      end
    end
    i64.extend_i32_u i64.xor local.get $d i64.add local.get $c i32.reinterpret_f32 i64.extend_i32_u
    i64.add)

  ;; ---- reads that are pending when their local is set ----
  (func (export "pending") (param $n i32) (result i64)
    (local $a i64) (local $b i64) (local $c f64)
    f64.const 1 local.set $c
    loop $l
      local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a
      local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a
      local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a
      local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a
      local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a local.get $a
      local.get $a i64.const 3 i64.add local.set $a
      i64.add local.get $a i64.mul i64.sub i64.add local.set $b
      i64.xor local.get $a i64.add i64.add i64.add i64.sub i64.add i64.add i64.add i64.add
      i64.add i64.add i64.add i64.add i64.add i64.add i64.add i64.add i64.add i64.add i64.add
      i64.add i64.add i64.add i64.add i64.add i64.add i64.add i64.add i64.add i64.add i64.add
      local.get $b i64.add local.set $b
      local.get $c local.get $c local.get $c f64.const 0.75 f64.mul local.set $c f64.sub
      local.get $c f64.add local.set $c
      local.get $a local.get $b local.tee $a i64.sub local.get $a i64.add local.set $b
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a local.get $b i64.mul local.get $c i64.reinterpret_f64 i64.add)

  (func (export "wide") (param $n i32) (result i64)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64)
    i64.const 0x123456789 local.set $a
    i64.const -3 local.set $b
    loop $l
      local.get $a local.get $b local.get $c local.get $d i64.add128 local.set $b local.set $a
      local.get $a local.get $b i64.mul_wide_u local.set $d local.set $c
      local.get $b local.get $a i64.mul_wide_s local.set $e local.set $b
      local.get $e local.get $a local.get $d local.get $d i64.sub128 local.set $e local.set $a
      local.get $e i64.const 1 i64.or local.set $e
      local.get $a local.get $e i64.rem_s local.get $d i64.add local.set $a
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a local.get $b i64.xor local.get $c i64.add local.get $d i64.xor local.get $e i64.add)

  ;; ---- calls ----
  (func $leaf (type $leaf)
    (local $a i32) (local $b i32) (local $c i64)
    loop $l
      local.get 0 local.get $a i32.add local.set $a
      local.get $a local.get $b i32.xor local.set $b
      local.get 1 local.get $b i64.extend_i32_u i64.add local.tee $c local.set 1
      local.get 0 i32.const 1 i32.sub local.tee 0 br_if $l
    end
    local.get $a local.get $b i32.add local.get $c)
  (func $host2 (type $host) local.get 0 call $host)

  (func (export "calls") (param $n i32) (result i64)
    (local $a i32) (local $b i64) (local $c f64) (local $d f32) (local $k i32) (local $r funcref)
    (local $t (ref null $leaf)) (local $v v128)
    ref.func $leaf local.set $t
    loop $l
      i32.const 4 local.set $k
      loop $hot
        local.get $a local.get $k i32.add local.tee $a local.get $a i32.mul local.set $a
        local.get $b local.get $b i64.add local.get $a i64.extend_i32_u i64.xor local.set $b
        local.get $c local.get $k f64.convert_i32_s f64.add local.set $c
        local.get $d f32.const 0.5 f32.mul local.get $k f32.convert_i32_s f32.add local.set $d
        local.get $v local.get $b i64x2.splat i64x2.add local.set $v
        local.get $a local.get $k i32.add local.tee $a local.get $a i32.mul local.set $a
        local.get $b local.get $b i64.add local.get $a i64.extend_i32_u i64.xor local.set $b
        local.get $c local.get $k f64.convert_i32_s f64.add local.set $c
        local.get $v local.get $b i64x2.splat i64x2.add local.set $v
        local.get $a local.get $n i32.add local.get $n i32.xor local.get $n i32.add local.get $n
        i32.xor local.set $a
        local.get $k i32.const 1 i32.sub local.tee $k br_if $hot
      end
      local.get $a i32.const 15 i32.and i32.const 1 i32.add local.get $b call $leaf
      local.get $b i64.add local.set $b local.get $a i32.xor local.set $a
      local.get $b local.get $a i32.const 2 call_indirect (type $host) i64.add local.set $b
      local.get $n local.get $b i32.const 1 call_indirect (type $leaf) local.set $b local.get $a
      i32.add local.set $a
      local.get $a call $host local.get $b i64.xor local.set $b
      local.get $n local.get $b local.get $t call_ref $leaf local.set $b local.set $a
      local.get $n i32.const 18 i32.eq if i32.const 1 memory.grow local.get $a i32.add local.set $a end
      memory.size local.get $a i32.add local.set $a
      block $odd
        block $even
          i32.const 3 local.get $b call $leaf local.set $b
          i32.const 1 i32.and br_table $even $odd
        end
        local.get $c f64.const 0.75 f64.mul local.set $c
      end
      local.get $d f32.const 1 f32.add local.set $d
      i32.const 1 table.get 0 local.tee $r ref.is_null local.get $a i32.add local.set $a
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a i64.extend_i32_u local.get $b i64.add local.get $c i64.reinterpret_f64 i64.xor
    local.get $d i32.reinterpret_f32 i64.extend_i32_u i64.add
    local.get $v i64x2.extract_lane 1 i64.xor)

  (func (export "atomics") (param $n i32) (result i64)
    (local $a i32) (local $b i64) (local $c i32) (local $d i64) (local $e f32) (local $k i32)
    loop $l
      i32.const 3 local.set $k
      loop $hot
        local.get $a local.get $k i32.add local.tee $a local.get $c i32.mul local.set $c
        local.get $b local.get $d i64.add local.get $a i64.extend_i32_u i64.xor local.tee $d local.set $b
        local.get $a local.get $c i32.add local.set $a local.get $e f32.const 1 f32.add local.set $e
        local.get $a local.get $c i32.sub local.set $c local.get $d local.get $b i64.sub local.set $d
        local.get $a local.get $k i32.add local.tee $a local.get $c i32.mul local.set $c
        local.get $b local.get $d i64.add local.get $a i64.extend_i32_u i64.xor local.tee $d local.set $b
        local.get $k i32.const 1 i32.sub local.tee $k br_if $hot
      end
      i32.const 1024 local.get $a i32.atomic.rmw.add local.set $c
      i32.const 1024 local.get $c local.get $a i32.atomic.rmw.cmpxchg local.get $c i32.add local.set $a
      i32.const 1032 local.get $b i64.atomic.rmw.xchg local.get $d i64.add local.set $d
      local.get $b i32.const 1032 i64.atomic.load i64.xor local.set $b
      i32.const 1040 local.get $d i64.atomic.store
      i32.const 1044 i32.atomic.load16_u local.get $c i32.add local.set $c
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a local.get $c i32.add i64.extend_i32_u local.get $b i64.add local.get $d i64.xor
    local.get $e i32.reinterpret_f32 i64.extend_i32_u i64.add)

  (func (export "tails") (param $n i32) (result i64) local.get $n i64.const 3 return_call $tail)
  (func $tail (param $n i32) (param $acc i64) (result i64)
    (local $a i32) (local $b i64)
    local.get $n i32.eqz if local.get $acc return end
    local.get $n local.set $a
    loop $l
      local.get $acc local.get $b i64.add local.get $a i64.extend_i32_u i64.xor local.tee $acc
      local.get $a i64.extend_i32_u i64.mul local.set $b
      local.get $a i32.const 1 i32.sub local.tee $a br_if $l
    end
    local.get $n i32.const 1 i32.sub local.get $b local.get $acc i64.add
    local.get $n i32.const 1 i32.and if (param i32 i64) (result i32 i64)
      call $turn
    end
    return_call $tail)
  (func $turn (param i32 i64) (result i32 i64) local.get 0 local.get 1 i64.const 5 i64.rotl)

  ;; ---- exceptions: locals changed before the throw, read and changed by the handler ----
  (func $thrower (param $n i32) (result i64)
    (local $a i32) (local $b i64) (local $c f64)
    local.get $n i32.const 1 i32.add local.set $a
    loop $l (result i64)
      local.get $b local.get $a i64.extend_i32_u i64.add local.set $b
      local.get $c f64.const 0.5 f64.add local.set $c
      local.get $b local.get $a i64.extend_i32_u i64.xor local.set $b
      local.get $n i32.const 3 i32.rem_u i32.const 1 i32.eq
      local.get $a i32.const 2 i32.eq i32.and if local.get $a local.get $n i32.add throw $number end
      local.get $n i32.const 3 i32.rem_u i32.const 2 i32.eq
      local.get $a i32.const 2 i32.eq i32.and if local.get $b local.get $c throw $pair end
      local.get $a i32.const 1 i32.sub local.tee $a br_if $l
      local.get $b
    end)

  (func (export "try_table") (param $n i32) (result i64)
    (local $a i32) (local $b i64) (local $c f64) (local $d i32) (local $k i32) (local $e exnref)
    loop $l
      i32.const 3 local.set $k
      loop $hot
        local.get $a local.get $k i32.add local.tee $a local.get $d i32.xor local.set $d
        local.get $b local.get $d i64.extend_i32_u i64.add local.set $b
        local.get $c f64.const 0.25 f64.add local.set $c
        local.get $a local.get $k i32.add local.tee $a local.get $d i32.xor local.set $d
        local.get $b local.get $d i64.extend_i32_u i64.add local.set $b
        local.get $c f64.const 0.25 f64.add local.set $c
        local.get $k i32.const 1 i32.sub local.tee $k br_if $hot
      end
      block $done
        block $on_ref (result i64 f64 exnref)
          block $on_number (result i32)
            local.get $a i32.const 100 i32.add local.set $a
            try_table (result i64) (catch $number $on_number) (catch_ref $pair $on_ref)
              local.get $c f64.const 2 f64.mul local.set $c
              local.get $n call $thrower
              local.get $d i32.const 5 i32.add local.set $d
            end
            local.get $b i64.add local.set $b
            br $done
          end
          local.get $a i32.add local.set $a
          local.get $d local.get $a i32.sub local.set $d
          br $done
        end
        local.set $e
        local.get $c f64.add local.set $c
        local.get $b i64.xor local.set $b
        block $again (result exnref)
          try_table (catch_all_ref $again)
            local.get $a i32.const 9 i32.add local.set $a
            local.get $e throw_ref
          end
          unreachable
        end
        drop
        local.get $a local.get $d i32.mul local.set $d
      end
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a local.get $d i32.add i64.extend_i32_u local.get $b i64.add
    local.get $c i64.reinterpret_f64 i64.xor)

  (func (export "legacy") (param $n i32) (result i64)
    (local $a i32) (local $b i64) (local $c f64) (local $d i32) (local $k i32)
    loop $l
      i32.const 3 local.set $k
      loop $hot
        local.get $a local.get $k i32.add local.tee $a local.get $d i32.xor local.set $d
        local.get $b local.get $d i64.extend_i32_u i64.add local.set $b
        local.get $c f64.const 0.25 f64.add local.set $c
        local.get $a local.get $k i32.add local.tee $a local.get $d i32.xor local.set $d
        local.get $b local.get $d i64.extend_i32_u i64.add local.set $b
        local.get $c f64.const 0.25 f64.add local.set $c
        local.get $k i32.const 1 i32.sub local.tee $k br_if $hot
      end
      try $outer (result i32)
        try $inner (result i32)
          local.get $a i32.const 3 i32.add local.set $a
          local.get $n call $thrower local.get $b i64.add local.set $b
          try
            local.get $d i32.const 1 i32.add local.set $d
            local.get $n i32.const 5 i32.rem_u i32.eqz if local.get $d throw $number end
          delegate $outer
          local.get $a
        catch $number
          local.get $a i32.add local.tee $a
          local.get $d i32.const 11 i32.mul local.set $d
        catch $pair
          local.get $c f64.add local.set $c
          local.get $b i64.sub local.set $b
          local.get $a i32.const 1 i32.xor local.set $a
          rethrow $inner
        end
      catch $number
        local.get $d i32.add local.set $d
        local.get $a
      catch_all
        local.get $a i32.const 2 i32.mul local.tee $a
      end
      local.get $d i32.add local.set $d
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a local.get $d i32.add i64.extend_i32_u local.get $b i64.add
    local.get $c i64.reinterpret_f64 i64.xor)

  (func (export "uncaught") (param $n i32) (result i64)
    (local $a i32) (local $b i32)
    loop $l
      local.get $a local.get $n i32.add local.tee $b local.set $a
      local.get $a local.get $b i32.add local.set $a
      local.get $n i32.const 4 i32.eq if local.get $n call $thrower drop end
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a i64.extend_i32_u)

  ;; ---- traps ----
  (func (export "div_zero") (param $n i32) (result i64)
    (local $a i32) (local $b i32)
    loop $l
      local.get $a local.get $n i32.add local.set $a
      local.get $a local.get $n i32.const 3 i32.sub i32.div_u local.set $b
      local.get $a local.get $b i32.xor local.set $a
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a i64.extend_i32_u)
  (func (export "out_of_bounds") (param $n i32) (result i64)
    (local $a i32) (local $b i64)
    i32.const 60000 local.set $a
    loop $l
      local.get $a i64.load local.tee $b local.get $a i64.extend_i32_u i64.add local.set $b
      local.get $a local.get $b i64.store offset=16
      local.get $a i32.const 1000 i32.add local.set $a
      local.get $a i32.const 200000 i32.lt_u br_if $l
    end
    local.get $b)
  (func $below (param $n i32) (result i32)
    (local $a i32) (local $k i32)
    i32.const 6 local.set $k
    loop $l
      local.get $a local.get $k i32.add local.tee $a local.get $k i32.mul local.set $a
      local.get $n local.get $k i32.or i32.eqz if unreachable end
      local.get $k i32.const 1 i32.sub local.tee $k br_if $l
    end
    local.get $a local.get $n i32.rem_u)
  (func (export "trap_below") (param $n i32) (result i64)
    (local $a i32) (local $b i32)
    loop $l
      local.get $n call $below local.get $a i32.add local.tee $a local.get $b i32.xor local.set $b
      local.get $a local.get $a i32.add local.set $a
      local.get $b local.get $a i32.add local.set $b
      local.get $n i32.const 1 i32.sub local.set $n
      local.get $n i32.const -5 i32.ne br_if $l
    end
    local.get $b i64.extend_i32_u)

  ;; ---- a result known beforehand ----
  (func (export "fibonacci") (param $n i32) (result i64)
    (local $a i64) (local $b i64)
    i64.const 1 local.set $b
    loop $l
      local.get $b local.get $a local.get $b i64.add local.set $b local.set $a
      local.get $n i32.const 1 i32.sub local.tee $n br_if $l
    end
    local.get $a))
