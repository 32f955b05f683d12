//go:build !linux

package plugins

// lowerPriority does nothing where threads have no priority of their own.
func lowerPriority() {}
