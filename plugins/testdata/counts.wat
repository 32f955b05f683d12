;; Counts all events of all lanes in kv and by metric; the count is the event's new payload (u64).
(module
  (import "relay" "kv_add" (func $add (param i32 i32 i64 i64) (result i64)))
  (import "relay" "metric" (func $metric (param i32 i32 i64)))
  (memory (export "memory") 4)
  (data (i32.const 8) "seen")
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64)
    (call $metric (i32.const 8) (i32.const 4) (i64.const 1))
    (i64.store (i32.const 16) (call $add (i32.const 8) (i32.const 4) (i64.const 1) (i64.const 0)))
    (i64.const 0x1000000008)))
