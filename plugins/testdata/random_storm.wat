;; Asks for as many random bytes as it has memory, again and again.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 256)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64)
    (loop $again
      (drop (call $random (i32.const 131072) (i32.const 16000000)))
      (br $again))
    (unreachable)))
