;; A WASI command instead of a reactor.
(module
  (memory (export "memory") 4)
  (func (export "_start")))
