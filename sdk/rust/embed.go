// Package rust holds the SDK for filters in Rust, so that it can be written beside a new filter.
package rust

import "embed"

// Files are the sources: Cargo.toml, flags for rustc, and src. README.md says how to use them.
//
//go:embed Cargo.toml README.md flags src
var Files embed.FS
