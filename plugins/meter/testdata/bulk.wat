;; Bulk instructions on 4 MiB, and a segment above a chunk that the test puts in place of this one.
(module
  (memory (export "memory") 64)
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (memory.init 0 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (data.drop 0))
  (data "segment"))
