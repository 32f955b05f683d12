;; Grows a table without a maximum; what table.grow says is the event's new payload.
(module
  (table $t 1 funcref)
  (memory (export "memory") 4)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64)
    (i32.store (i32.const 8) (table.grow $t (ref.null func) (i32.const 130000000)))
    (i64.const 0x800000004)))
