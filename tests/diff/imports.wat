;; SPDX-License-Identifier: Apache-2.0
;; What modules of wasm-smith may import: host functions the runners can make.
(module
  (import "h" "a" (func))
  (import "h" "b" (func (param i32) (result i32)))
  (import "h" "c" (func (param i64 f64) (result f64)))
  (import "h" "d" (func (param f32 f32 i32) (result i64)))
  (import "h" "e" (func (param externref) (result externref)))
  (import "h" "f" (func (param funcref i32) (result i32 i64 f32)))
  (import "h" "g" (func (result f32)))
  (import "h" "h" (func (param i32 i32 i32 i32 i32 i32 i64 f64))))
