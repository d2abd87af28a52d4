(module (func (export "f"))) (thread $t (invoke "f")) (wait $t)
(assert_return (invoke "f" (f32.const nan:canonical)) (either (i32.const 1) (ref.null func)))
