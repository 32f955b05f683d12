package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	extism "github.com/extism/go-sdk"
	"github.com/http-wasm/http-wasm-host-go/api/handler"
	wasm "github.com/http-wasm/http-wasm-host-go/handler"
)

// httpWasm runs http-wasm's middleware over a request that has the event for its body, without an HTTP server.
type httpWasm struct{ middleware wasm.Middleware }

// request is a host whose every request has the event for its body.
type request struct{ handler.UnimplementedHost }

func (request) EnableFeatures(_ context.Context, f handler.Features) handler.Features { return f }

func (request) RequestBodyReader(context.Context) io.ReadCloser {
	return io.NopCloser(strings.NewReader(event))
}

func openHTTPWasm(path string) (*httpWasm, error) {
	code, err := read(path)
	if err != nil {
		return nil, err
	}
	m, err := wasm.NewMiddleware(context.Background(), code, request{})
	return &httpWasm{m}, err
}

func (h *httpWasm) bench(b *testing.B) {
	loop(b, func() error {
		ctx, next, err := h.middleware.HandleRequest(context.Background())
		if err != nil {
			return err
		}
		if uint32(next) != 1 {
			return errors.New("the event did not pass")
		}
		return h.middleware.HandleResponse(ctx, uint32(next>>32), nil)
	})
}

// extismHost runs a plugin of the Extism SDK, without a time limit, which makes it faster.
type extismHost struct{ plugin *extism.Plugin }

func openExtism(path string) (*extismHost, error) {
	code, err := read(path)
	if err != nil {
		return nil, err
	}
	manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: code}}}
	p, err := extism.NewPlugin(context.Background(), manifest, extism.PluginConfig{}, nil)
	return &extismHost{p}, err
}

func (h *extismHost) bench(export string) func(*testing.B) {
	return func(b *testing.B) {
		input := []byte(event)
		loop(b, func() error {
			code, _, err := h.plugin.Call(export, input)
			if err == nil && code != 0 {
				err = fmt.Errorf("answer %d", code)
			}
			return err
		})
	}
}
