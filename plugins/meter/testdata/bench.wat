;; What compilers make of small loops and calls, to measure what metering costs.
(module
  (memory (export "memory") 1)

  ;; The position of a five-byte key in the text at 0, or -1: the loop of a filter that looks for a field.
  (func (export "find") (param $len i32) (result i32)
    (local $at i32)
    (block $absent
      (br_if $absent (i32.lt_s (local.get $len) (i32.const 6)))
      (local.set $len (i32.sub (local.get $len) (i32.const 5)))
      (loop $next
        (block $differs
          (br_if $differs (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x22)))
          (br_if $differs (i32.ne (i32.load8_u offset=1 (local.get $at)) (i32.const 0x63)))
          (br_if $differs (i32.ne (i32.load8_u offset=2 (local.get $at)) (i32.const 0x61)))
          (br_if $differs (i32.ne (i32.load8_u offset=3 (local.get $at)) (i32.const 0x72)))
          (br_if $differs (i32.ne (i32.load8_u offset=4 (local.get $at)) (i32.const 0x64)))
          (return (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $len)))))
    (i32.const -1))

  ;; The sum of the bytes at 0: as little work per iteration as there can be.
  (func (export "sum") (param $len i32) (result i32)
    (local $at i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $len))))
    (local.get $sum))

  (func $fib (export "fib") (param $n i32) (result i32)
    (if (i32.lt_s (local.get $n) (i32.const 2)) (then (return (local.get $n))))
    (i32.add
      (call $fib (i32.sub (local.get $n) (i32.const 1)))
      (call $fib (i32.sub (local.get $n) (i32.const 2)))))

  ;; A loop that calls a small function for each byte.
  (func $lower (param $c i32) (result i32)
    (if (result i32) (i32.lt_u (i32.sub (local.get $c) (i32.const 65)) (i32.const 26))
      (then (i32.or (local.get $c) (i32.const 32)))
      (else (local.get $c))))
  (func (export "hash") (param $len i32) (result i32)
    (local $at i32) (local $hash i32)
    (loop $next
      (local.set $hash (i32.mul (i32.xor (local.get $hash) (call $lower (i32.load8_u (local.get $at)))) (i32.const 16777619)))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $len))))
    (local.get $hash)))
