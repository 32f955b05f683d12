;; Spends its time in instructions that take long: it fills and copies all of its memory, again and again.
(module
  (memory (export "memory") 256)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64)
    (loop $again
      (memory.fill (i32.const 1048576) (i32.const 7) (i32.const 15728640))
      (memory.copy (i32.const 2097152) (i32.const 1048576) (i32.const 14680064))
      (br $again))
    (unreachable)))
