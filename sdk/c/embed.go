// Package c holds the SDK for filters in C and C++, so that it can be written beside a new filter. README.md says how to
// use it.
package c

import "embed"

// Files are the sources.
//
//go:embed README.md relay.h
var Files embed.FS
