package script

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
)

// QuickJS is built in when `make` has put it here: it is fetched, not part of the repository.
//
//go:embed quickjs
var built embed.FS

// What is built in. quickjs/fetch checks the same sums.
const (
	Version = "0.17.0 (quickjs-wasi 3.6.2)"
	sum     = "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9"
)

// ErrNotBuilt is returned when this binary has no QuickJS in it.
var ErrNotBuilt = errors.New("this relay was built without scripts: build it with `make build`, which fetches QuickJS from npm (go build alone does not)")

// Module returns QuickJS, a WebAssembly module, or ErrNotBuilt.
func Module() ([]byte, error) {
	module, err := built.ReadFile("quickjs/quickjs.wasm")
	if err != nil {
		return nil, ErrNotBuilt
	}
	if got := sha256.Sum256(module); fmt.Sprintf("%x", got) != sum {
		return nil, fmt.Errorf("plugins/script/quickjs/quickjs.wasm is not QuickJS %s: its sha256 is %x, not %s; remove it and build with `make build`", Version, got, sum)
	}
	return module, nil
}
