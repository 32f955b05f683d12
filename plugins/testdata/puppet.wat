;; A filter that does what the first byte of the payload says, so that tests can write misbehaviour as data.
;; "rest" is the payload after that byte.
;;
;;   p  pass                                a  answer the i64 in rest
;;   d  drop, rest is the reason            r  reject, rest is the reason
;;   n  answer -7                           N  answer -7, rest is the reason
;;   P  answer rest as payload              R  answer rest as record
;;   E  emit rest, pass                     D  emit rest, drop
;;   T  emit rest, trap                     F  emit rest until refused, answer the number of emits as payload
;;   u  unreachable                         z  divide by zero
;;   o  read outside memory                 s  recurse without end
;;   i  null call_indirect                  l  loop for ever
;;   x  proc_exit(3)                        c  answer the number of events seen as payload (u32)
;;   g  grow memory until refused, pass     L  log rest at level 2
;;   W  write rest to standard output       2  write rest to standard error
;;   w  write rest to standard output 1000 times
;;   h  log outside memory                  k  give reason code 9
;;   t  answer clock_time_get(0) as payload
;;   v  answer 8 bytes of random_get as payload
;;   B  answer the record's flags as payload
;; Anything else passes.
(module
  (import "relay" "log" (func $log (param i32 i32 i32)))
  (import "relay" "reason" (func $reason (param i32 i32 i32)))
  (import "relay" "emit" (func $emit (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 20)
  (table 2 funcref)
  (type $void (func))
  (global $seen (mut i32) (i32.const 0))
  (global $buffer i32 (i32.const 65536))

  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param $min i32) (result i32)
    (select (global.get $buffer) (i32.const 0) (i32.le_u (local.get $min) (i32.const 1114112))))

  (func $forever (loop $again (br $again)))
  (func $recurse (call $recurse) (call $recurse))
  (func $write (param $fd i32) (param $ptr i32) (param $len i32)
    (i32.store (i32.const 16) (local.get $ptr))
    (i32.store (i32.const 20) (local.get $len))
    (drop (call $fd_write (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 24))))
  ;; answers n bytes at ptr, with bits set in the length
  (func $answer (param $ptr i32) (param $n i32) (param $bits i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32))
            (i64.extend_i32_u (i32.or (local.get $n) (local.get $bits)))))

  (func (export "relay_on_event") (param $len i32) (result i64)
    (local $payload i32) (local $op i32) (local $rest i32) (local $n i32) (local $i i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (local.set $n (i32.load (i32.const 65548)))
    (if (i32.eqz (local.get $n)) (then (return (i64.const 0))))
    (local.set $payload (i32.sub (i32.add (global.get $buffer) (local.get $len)) (local.get $n)))
    (local.set $op (i32.load8_u (local.get $payload)))
    (local.set $rest (i32.add (local.get $payload) (i32.const 1)))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))

    (if (i32.eq (local.get $op) (i32.const 0x61 (; a ;))) (then (return (i64.load (local.get $rest)))))
    (if (i32.eq (local.get $op) (i32.const 0x64 (; d ;))) (then
      (call $reason (i32.const 0) (local.get $rest) (local.get $n)) (return (i64.const 1))))
    (if (i32.eq (local.get $op) (i32.const 0x72 (; r ;))) (then
      (call $reason (i32.const 1) (local.get $rest) (local.get $n)) (return (i64.const 1))))
    (if (i32.eq (local.get $op) (i32.const 0x6e (; n ;))) (then (return (i64.const -7))))
    (if (i32.eq (local.get $op) (i32.const 0x4e (; N ;))) (then
      (call $reason (i32.const 0) (local.get $rest) (local.get $n)) (return (i64.const -7))))
    (if (i32.eq (local.get $op) (i32.const 0x50 (; P ;))) (then
      (return (call $answer (local.get $rest) (local.get $n) (i32.const 0)))))
    (if (i32.eq (local.get $op) (i32.const 0x52 (; R ;))) (then
      (return (call $answer (local.get $rest) (local.get $n) (i32.const 0x80000000)))))
    (if (i32.eq (local.get $op) (i32.const 0x45 (; E ;))) (then
      (drop (call $emit (local.get $rest) (local.get $n))) (return (i64.const 0))))
    (if (i32.eq (local.get $op) (i32.const 0x44 (; D ;))) (then
      (drop (call $emit (local.get $rest) (local.get $n))) (return (i64.const 1))))
    (if (i32.eq (local.get $op) (i32.const 0x54 (; T ;))) (then
      (drop (call $emit (local.get $rest) (local.get $n))) (unreachable)))
    (if (i32.eq (local.get $op) (i32.const 0x46 (; F ;))) (then
      (block $full (loop $more
        (br_if $full (call $emit (local.get $rest) (local.get $n)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $more)))
      (i32.store (i32.const 32) (local.get $i))
      (return (call $answer (i32.const 32) (i32.const 4) (i32.const 0)))))
    (if (i32.eq (local.get $op) (i32.const 0x75 (; u ;))) (then (unreachable)))
    (if (i32.eq (local.get $op) (i32.const 0x7a (; z ;))) (then
      (return (i64.extend_i32_u (i32.div_u (i32.const 1) (local.get $i))))))
    (if (i32.eq (local.get $op) (i32.const 0x6f (; o ;))) (then (return (i64.load (i32.const -1)))))
    (if (i32.eq (local.get $op) (i32.const 0x73 (; s ;))) (then (call $recurse)))
    (if (i32.eq (local.get $op) (i32.const 0x69 (; i ;))) (then (call_indirect (type $void) (i32.const 0))))
    (if (i32.eq (local.get $op) (i32.const 0x6c (; l ;))) (then (call $forever)))
    (if (i32.eq (local.get $op) (i32.const 0x78 (; x ;))) (then (call $exit (i32.const 3))))
    (if (i32.eq (local.get $op) (i32.const 0x63 (; c ;))) (then
      (i32.store (i32.const 32) (global.get $seen))
      (return (call $answer (i32.const 32) (i32.const 4) (i32.const 0)))))
    (if (i32.eq (local.get $op) (i32.const 0x67 (; g ;))) (then
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))))
    (if (i32.eq (local.get $op) (i32.const 0x4c (; L ;))) (then
      (call $log (i32.const 2) (local.get $rest) (local.get $n))))
    (if (i32.eq (local.get $op) (i32.const 0x57 (; W ;))) (then
      (call $write (i32.const 1) (local.get $rest) (local.get $n))))
    (if (i32.eq (local.get $op) (i32.const 0x32 (; 2 ;))) (then
      (call $write (i32.const 2) (local.get $rest) (local.get $n))))
    (if (i32.eq (local.get $op) (i32.const 0x77 (; w ;))) (then
      (loop $more
        (call $write (i32.const 1) (local.get $rest) (local.get $n))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $i) (i32.const 1000))))))
    (if (i32.eq (local.get $op) (i32.const 0x68 (; h ;))) (then
      (call $log (i32.const 1) (i32.const -8) (i32.const 16))))
    (if (i32.eq (local.get $op) (i32.const 0x6b (; k ;))) (then
      (call $reason (i32.const 9) (local.get $rest) (i32.const 0))))
    (if (i32.eq (local.get $op) (i32.const 0x74 (; t ;))) (then
      (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 32)))
      (return (call $answer (i32.const 32) (i32.const 8) (i32.const 0)))))
    (if (i32.eq (local.get $op) (i32.const 0x76 (; v ;))) (then
      (drop (call $random (i32.const 32) (i32.const 8)))
      (return (call $answer (i32.const 32) (i32.const 8) (i32.const 0)))))
    (if (i32.eq (local.get $op) (i32.const 0x42 (; B ;))) (then
      (return (call $answer (global.get $buffer) (i32.const 4) (i32.const 0)))))
    (i64.const 0)))
