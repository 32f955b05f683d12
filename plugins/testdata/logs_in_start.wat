;; Logs from the start section, before there is an instance.
(module
  (import "relay" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 4)
  (data (i32.const 8) "good morning")
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64) (i64.const 0))
  (func $start (call $log (i32.const 1) (i32.const 8) (i32.const 12)))
  (start $start))
