;; Spends its time in the host: it writes 900 KB to the key-value store, again and again.
(module
  (import "relay" "kv_set" (func $set (param i32 i32 i32 i32 i64) (result i32)))
  (memory (export "memory") 20)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64)
    (loop $again
      (drop (call $set (i32.const 8) (i32.const 4) (i32.const 131072) (i32.const 900000) (i64.const 0)))
      (br $again))
    (unreachable)))
