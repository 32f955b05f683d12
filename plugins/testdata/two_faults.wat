;; Lacks two exports: both are named, in one line.
(module
  (memory (export "memory") 4))
