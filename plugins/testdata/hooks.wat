;; A filter with the three hooks beside that for events, which does with connections and subscriptions what the first byte of the topic says:
;;
;;   d  refuse                              r  refuse with status 429 and the topic as reason
;;   k  refuse with status 200              K  refuse with status 4294967295
;;   n  answer -7                           u  unreachable
;;   l  loop for ever                       x  proc_exit(3)
;;   P  answer the topic as payload         b  answer a pointer that is none
;;   o  answer bytes outside memory         g  answer a record of garbage
;;   w  answer the record with a topic that is no pattern
;;   y  answer a record with a payload      e  emit the record, pass
;;   R  answer the record as it is
;;   t  answer the record with 'T' for the first byte of its topic
;;   a  answer a connection (only) by a record with attributes tenant=acme, header.x=y, path=/, remote_address=1.2.3.4:5
;; Anything else passes. Each hook adds to a metric of its name. It sees no events.
(module
  (import "relay" "reason" (func $reason (param i32 i32 i32)))
  (import "relay" "emit" (func $emit (param i32 i32) (result i32)))
  (import "relay" "metric" (func $metric (param i32 i32 i64)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "connectsubscribedisconnect")
  ;; a record: no flags, no topic, 71 bytes of attributes, no payload
  (data (i32.const 1024)
    "\00\00\00\00" "\00\00\00\00" "\47\00\00\00" "\00\00\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00"
    "\08\00" "\01\00\00\00" "header.x" "y"
    "\04\00" "\01\00\00\00" "path" "/"
    "\0e\00" "\09\00\00\00" "remote_address" "1.2.3.4:5"
    "\06\00" "\04\00\00\00" "tenant" "acme"
    "!")
  (global $buffer i32 (i32.const 65536))

  (func (export "relay_abi_v1") (result i32) (i32.const 14))
  (func (export "relay_buffer") (param $min i32) (result i32)
    (select (global.get $buffer) (i32.const 0) (i32.le_u (local.get $min) (i32.const 131072))))

  (func $forever (loop $again (br $again)))
  ;; answers n bytes at ptr as a record
  (func $record (param $ptr i32) (param $n i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32))
            (i64.extend_i32_u (i32.or (local.get $n) (i32.const 0x80000000)))))

  (func $decide (param $len i32) (result i64)
    (local $op i32) (local $topic i32) (local $n i32)
    (local.set $topic (i32.const 65568))
    (local.set $n (i32.load (i32.const 65540)))
    (if (i32.eqz (local.get $n)) (then (return (i64.const 0))))
    (local.set $op (i32.load8_u (local.get $topic)))
    (if (i32.eq (local.get $op) (i32.const 0x64 (; d ;))) (then (return (i64.const 1))))
    (if (i32.eq (local.get $op) (i32.const 0x72 (; r ;))) (then
      (call $reason (i32.const 429) (local.get $topic) (local.get $n)) (return (i64.const 1))))
    (if (i32.eq (local.get $op) (i32.const 0x6b (; k ;))) (then
      (call $reason (i32.const 200) (local.get $topic) (local.get $n)) (return (i64.const 1))))
    (if (i32.eq (local.get $op) (i32.const 0x4b (; K ;))) (then
      (call $reason (i32.const -1) (local.get $topic) (local.get $n)) (return (i64.const 1))))
    (if (i32.eq (local.get $op) (i32.const 0x6e (; n ;))) (then (return (i64.const -7))))
    (if (i32.eq (local.get $op) (i32.const 0x75 (; u ;))) (then (unreachable)))
    (if (i32.eq (local.get $op) (i32.const 0x6c (; l ;))) (then (call $forever)))
    (if (i32.eq (local.get $op) (i32.const 0x78 (; x ;))) (then (call $exit (i32.const 3))))
    (if (i32.eq (local.get $op) (i32.const 0x50 (; P ;))) (then
      (return (i64.or (i64.shl (i64.extend_i32_u (local.get $topic)) (i64.const 32)) (i64.extend_i32_u (local.get $n))))))
    (if (i32.eq (local.get $op) (i32.const 0x62 (; b ;))) (then (return (i64.const 2))))
    (if (i32.eq (local.get $op) (i32.const 0x6f (; o ;))) (then (return (call $record (i32.const 0x7ffffff0) (i32.const 15)))))
    (if (i32.eq (local.get $op) (i32.const 0x67 (; g ;))) (then (return (call $record (i32.const 1030) (i32.const 64)))))
    (if (i32.eq (local.get $op) (i32.const 0x77 (; w ;))) (then
      (i32.store8 (local.get $topic) (i32.const 0x20)) (return (call $record (global.get $buffer) (local.get $len)))))
    (if (i32.eq (local.get $op) (i32.const 0x79 (; y ;))) (then
      (i32.store (i32.const 65548) (i32.const 1))
      (return (call $record (global.get $buffer) (i32.add (local.get $len) (i32.const 1))))))
    (if (i32.eq (local.get $op) (i32.const 0x65 (; e ;))) (then
      (drop (call $emit (global.get $buffer) (local.get $len))) (return (i64.const 0))))
    (if (i32.eq (local.get $op) (i32.const 0x52 (; R ;))) (then (return (call $record (global.get $buffer) (local.get $len)))))
    (if (i32.eq (local.get $op) (i32.const 0x74 (; t ;))) (then
      (i32.store8 (local.get $topic) (i32.const 0x54)) (return (call $record (global.get $buffer) (local.get $len)))))
    (if (i32.eq (local.get $op) (i32.const 0x61 (; a ;))) (then (return (call $record (i32.const 1024) (i32.const 103)))))
    (i64.const 0))

  (func (export "relay_on_connect") (param $len i32) (result i64)
    (call $metric (i32.const 16) (i32.const 7) (i64.const 1))
    (call $decide (local.get $len)))
  (func (export "relay_on_subscribe") (param $len i32) (result i64)
    (call $metric (i32.const 23) (i32.const 9) (i64.const 1))
    (if (i32.eq (i32.load8_u (i32.const 65568)) (i32.const 0x61 (; a ;))) (then (return (i64.const 0))))
    (call $decide (local.get $len)))
  (func (export "relay_on_disconnect") (param $len i32)
    (call $metric (i32.const 32) (i32.const 10) (i64.const 1))
    (drop (call $decide (local.get $len)))))
