;; Gives a buffer that reaches beyond memory.
(module
  (memory (export "memory") 4)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 262136))
  (func (export "relay_on_event") (param i32) (result i64) (i64.const 0)))
