package meter

// affordable checks what the compiler's time depends on.
func (w *walker) affordable() error { return nil }
