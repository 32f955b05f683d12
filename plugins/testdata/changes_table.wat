;; Changes its table at each event, so that memory and globals are not all there is to bring back: it answers whether the
;; table's entry was null, then sets it. It traps on "u".
(module
  (memory (export "memory") 2)
  (table 1 funcref)
  (elem declare func $set)
  (func $set)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param $len i32) (result i64)
    (i32.store (i32.const 32) (i32.add (i32.const 0x30) (ref.is_null (table.get 0 (i32.const 0)))))
    (table.set 0 (i32.const 0) (ref.func $set))
    (if (i32.eq (i32.load8_u (i32.sub (i32.add (i32.const 65536) (local.get $len)) (i32.const 1))) (i32.const 0x75))
      (then (unreachable)))
    (i64.or (i64.shl (i64.const 32) (i64.const 32)) (i64.const 1))))
