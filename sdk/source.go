//go:build !wasip1

package sdk

import "embed"

// Source is this SDK, which `relay plugin new` writes beside a new filter.
//
//go:embed *.go abi/*.go abi/*.md grant/*.go internal/host/*.go jsonscan/*.go sdktest/*.go
var Source embed.FS
