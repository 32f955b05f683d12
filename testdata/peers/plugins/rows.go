package main

import (
	"fmt"
	"os"
	"testing"
)

const (
	cGuest  = "c/relay.wasm"
	asGuest = "as/relay.wasm"
	asSDK   = "as/sdk.wasm"
	rsGuest = "rust/bare.wasm"
	rsSDK   = "rust/sdk.wasm"
	goGuest = "../../../bin/bench/scan-go.wasm"
)

// open starts all hosts. They stay open until the process ends.
func open() ([]row, error) {
	none, err := openRelay("", 0)
	if err != nil {
		return nil, err
	}
	rows := []row{{name: "relay, no filter", divisor: 1, bench: none.bench}}
	for _, g := range []struct{ name, path string }{{"C", cGuest}, {"Rust", rsGuest}, {"Rust with the SDK", rsSDK}, {"AssemblyScript", asGuest}, {"AssemblyScript with the SDK", asSDK}, {"Go", goGuest}} {
		raw, err := openRaw(g.path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.path, err)
		}
		host, err := openRelay(g.path, 1)
		if err != nil {
			return nil, err
		}
		rawName := "wazero alone, " + g.name
		rows = append(rows,
			row{name: rawName, divisor: 1, bench: raw.bench},
			row{name: "relay, " + g.name, divisor: 1, raw: rawName, bench: host.bench})
	}
	eight, err := openRelay(cGuest, 8)
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{name: "relay, C, each of 8 in a chain", divisor: 8, raw: "wazero alone, C", bench: eight.bench})
	scripts, err := openScripts()
	if err != nil {
		return nil, err
	}
	others, err := openOthers()
	return append(append(rows, scripts...), others...), err
}

// openScripts starts each script in relay and in goja.
func openScripts() (rows []row, err error) {
	for _, s := range scripts {
		host, err := openScript(s.text)
		if err != nil {
			return nil, err
		}
		goja, err := openGoja(s.text, s.writes)
		if err != nil {
			return nil, err
		}
		rows = append(rows,
			row{name: "relay, JavaScript, " + s.name, divisor: 1, raw: "goja, " + s.name, bench: host.bench},
			row{name: "goja, " + s.name, divisor: 1, bench: goja.bench})
	}
	return rows, nil
}

func openOthers() ([]row, error) {
	httpWasm, err := openHTTPWasm("c/httpwasm.wasm")
	if err != nil {
		return nil, err
	}
	extism, err := openExtism("c/extism.wasm")
	if err != nil {
		return nil, err
	}
	return []row{
		{name: "http-wasm-host-go, C", divisor: 1, raw: "wazero alone, C", bench: httpWasm.bench},
		{name: "Extism Go SDK, C", divisor: 1, raw: "wazero alone, C", bench: extism.bench("filter")},
		{name: "Extism Go SDK, no-op", divisor: 1, bench: extism.bench("nothing")},
	}, nil
}

func read(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w (run `make bench-plugins` in the root)", err)
	}
	return b, nil
}

// loop is the measured loop of every host.
func loop(b *testing.B, call func() error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
}
