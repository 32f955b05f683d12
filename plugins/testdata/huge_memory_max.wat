;; May grow to 4 GiB: the limit holds instead.
(module
  (memory (export "memory") 4 65536)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64)
    (i32.store (i32.const 8) (memory.grow (i32.const 65532)))
    (i64.const 0x800000004)))
