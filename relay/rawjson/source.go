package rawjson

import "embed"

// Source is this package, which `relay plugin new` writes beside a new filter in Go: package sdk/sdktest needs it.
//
//go:embed *.go
var Source embed.FS
