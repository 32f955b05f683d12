;; Turns a loop as many times as the payload says (u32, little-endian), and passes.
(module
  (memory (export "memory") 4)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param $len i32) (result i64) (local $n i32)
    (local.set $n (i32.load (i32.add (i32.const 65532) (local.get $len))))
    (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.const 0)))
