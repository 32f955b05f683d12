;; Keeps what it can of an event and gives it away at the next: it answers the byte before the buffer, a global, and the
;; largest byte of its memory beyond the buffer, as they were before it touched them; then it writes the event's first
;; byte to all of these.
(module
  (memory (export "memory") 2)
  (global $kept (mut i64) (i64.const 0))
  (global $vector (mut v128) (v128.const i64x2 0 0))
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param $len i32) (result i64)
    (local $payload i32) (local $byte i32)
    (local.set $payload (i32.sub (i32.add (i32.const 65536) (local.get $len)) (i32.load (i32.const 65548))))
    (local.set $byte (i32.load8_u (local.get $payload)))
    (i32.store8 (i32.const 1024) (i32.load8_u (i32.const 4096)))
    (i32.store8 (i32.const 1025) (i32.wrap_i64 (global.get $kept)))
    (i32.store8 (i32.const 1026) (i32.wrap_i64 (i64x2.extract_lane 1 (global.get $vector))))
    (i32.store8 (i32.const 1027) (i32.load8_u (i32.const 131071)))
    (i32.store8 (i32.const 4096) (local.get $byte))
    (i32.store8 (i32.const 131071) (local.get $byte))
    (global.set $kept (i64.extend_i32_u (local.get $byte)))
    (global.set $vector (i64x2.splat (i64.extend_i32_u (local.get $byte))))
    (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.const 4))))
