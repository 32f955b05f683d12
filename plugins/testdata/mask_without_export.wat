;; Says that it has relay_on_event, and has not.
(module
  (memory (export "memory") 4)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536)))
