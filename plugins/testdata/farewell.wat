;; A filter that only learns of connections that ended, counts them, and breaks on those of tenant=broken.
(module
  (import "relay" "metric" (func $metric (param i32 i32 i64)))
  (memory (export "memory") 4)
  (data (i32.const 16) "disconnect")
  (func (export "relay_abi_v1") (result i32) (i32.const 8))
  (func (export "relay_buffer") (param $min i32) (result i32) (i32.const 65536))
  (func (export "relay_on_disconnect") (param $len i32)
    (call $metric (i32.const 16) (i32.const 10) (i64.const 1))
    ;; the last six bytes of the attributes, and so of the record
    (if (i64.eq (i64.and (i64.load (i32.add (i32.const 65528) (local.get $len))) (i64.const 0xffffffffffff0000))
                (i64.const 0x6e656b6f72620000 (; broken ;)))
      (then (unreachable)))))
