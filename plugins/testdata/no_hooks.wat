;; Has relay_on_event but does not want it called.
(module
  (memory (export "memory") 4)
  (func (export "relay_abi_v1") (result i32) (i32.const 0))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64) unreachable))
