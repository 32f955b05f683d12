// Package js holds what filters in JavaScript have beside relay itself, for editors: the types of what a script finds. It
// is written beside a new filter. README.md is the vocabulary.
package js

import "embed"

// Files are relay.d.ts.
//
//go:embed relay.d.ts
var Files embed.FS
