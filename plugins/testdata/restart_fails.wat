;; Breaks itself: after the first event no new instance starts, since relay_init finds what the event left in kv.
(module
  (import "relay" "kv_set" (func $set (param i32 i32 i32 i32 i64) (result i32)))
  (import "relay" "kv_get" (func $get (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 8) "broken")
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_init") (param i32) (result i32)
    (i32.ge_s (call $get (i32.const 8) (i32.const 6) (i32.const 64) (i32.const 8)) (i32.const 0)))
  (func (export "relay_on_event") (param i32) (result i64)
    (drop (call $set (i32.const 8) (i32.const 6) (i32.const 8) (i32.const 6) (i64.const 0)))
    unreachable))
