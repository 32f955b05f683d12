//go:build !unix

package transport

// maxFiles returns how many files this process may open. There is no such limit here; this bounds memory.
func maxFiles() int { return 16384 }
