;; Refuses to start a second time, since it counts starts in kv.
(module
  (import "relay" "kv_add" (func $add (param i32 i32 i64 i64) (result i64)))
  (memory (export "memory") 4)
  (data (i32.const 8) "starts")
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_init") (param i32) (result i32)
    (i64.gt_s (call $add (i32.const 8) (i32.const 6) (i64.const 1) (i64.const 0)) (i64.const 1)))
  (func (export "relay_on_event") (param i32) (result i64) (i64.const 0)))
