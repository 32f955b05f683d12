;; Writes 1 GiB of newlines to standard output in one call, and answers how many bytes were taken.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 256)
  (func (export "relay_abi_v1") (result i32) (i32.const 1))
  (func (export "relay_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "relay_on_event") (param i32) (result i64)
    (local $iov i32)
    (memory.fill (i32.const 131072) (i32.const 10) (i32.const 16646144))
    (local.set $iov (i32.const 1024))
    (loop $more
      (i32.store (local.get $iov) (i32.const 131072))
      (i32.store offset=4 (local.get $iov) (i32.const 16646144))
      (local.set $iov (i32.add (local.get $iov) (i32.const 8)))
      (br_if $more (i32.lt_u (local.get $iov) (i32.const 1536))))
    (drop (call $write (i32.const 1) (i32.const 1024) (i32.const 64) (i32.const 16)))
    (i64.const 0x1000000004)))
