;; relay_init gives a reason and refuses the configuration.
(module
  (import "relay" "reason" (func $reason (param i32 i32 i32)))
  (memory (export "memory") 4)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64) (i64.const 0))
  (func (export "relay_init") (param $len i32) (result i32)
    (call $reason (i32.const 0) (i32.const 65536) (local.get $len)) ;; the reason is the configuration itself
    (i32.const 3)))
