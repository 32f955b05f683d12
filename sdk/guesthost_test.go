package sdk_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"eventrelay/sdk"
	"eventrelay/sdk/abi"
)

// guest is a filter in WebAssembly, in a host that does what sdk/abi/README.md says and no more: the host that relay
// ships is tested in its own package, and this one tells which of the two is wrong.
type guest struct {
	t       testing.TB
	mod     api.Module
	hooks   abi.Hook
	buffer  uint32
	room    uint32
	imports []string // host functions that the module imports

	// Of the last call.
	code    uint32
	reason  string
	emitted []abi.Record
	maxEmit int

	logs   []string
	kv     map[string][]byte
	counts map[string]int64
}

// answer is what a hook answered, with the bytes that it names.
type answer struct {
	kind  abi.AnswerKind
	bytes []byte
}

var (
	built    sync.Map // directory → func() ([]byte, error)
	compiled = wazero.NewCompilationCache()
)

// buildGuest compiles the Go filter in dir, once per test run.
func buildGuest(t testing.TB, dir string) []byte {
	t.Helper()
	once, _ := built.LoadOrStore(dir, sync.OnceValues(func() ([]byte, error) {
		out, err := os.CreateTemp("", "guest*.wasm")
		if err != nil {
			return nil, err
		}
		defer os.Remove(out.Name())
		defer out.Close()
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out.Name(), "./"+filepath.ToSlash(dir))
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Logf("%s", text)
			return nil, err
		}
		return os.ReadFile(out.Name())
	}))
	wasm, err := once.(func() ([]byte, error))()
	require.NoError(t, err)
	return wasm
}

// load starts a filter, in the order of the contract. It returns nil and the reason if relay_init refuses.
func load(t testing.TB, wasm []byte, config string) (*guest, string) {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(compiled).WithMemoryLimitPages(256))
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)

	g := &guest{t: t, maxEmit: 64, kv: map[string][]byte{}, counts: map[string]int64{}}
	g.provide(ctx, rt)
	module, err := rt.CompileModule(ctx, wasm)
	require.NoError(t, err)
	for _, f := range module.ImportedFunctions() {
		if from, name, _ := f.Import(); from == abi.ImportModule {
			g.imports = append(g.imports, name)
		}
	}
	g.mod, err = rt.InstantiateModule(ctx, module, wazero.NewModuleConfig().WithStartFunctions(abi.ExportInitialize))
	require.NoError(t, err)
	if g.mod.ExportedFunction(abi.ExportInit) != nil {
		g.ask(len(config))
		require.True(t, g.mod.Memory().Write(g.buffer, []byte(config)))
		if g.must(abi.ExportInit, uint64(len(config))) != 0 {
			return nil, g.reason
		}
	}
	g.hooks = abi.Hook(g.must(abi.ExportVersion))
	g.ask(abi.FirstBuffer)
	return g, ""
}

// provide offers the host functions.
func (g *guest) provide(ctx context.Context, rt wazero.Runtime) {
	text := func(ptr, n uint32) string {
		b, ok := g.mod.Memory().Read(ptr, n)
		require.True(g.t, ok)
		return string(b)
	}
	b := rt.NewHostModuleBuilder(abi.ImportModule)
	for name, f := range map[string]any{
		abi.ImportLog:    func(_, ptr, n uint32) { g.logs = append(g.logs, text(ptr, n)) },
		abi.ImportReason: func(code, ptr, n uint32) { g.code, g.reason = code, text(ptr, n) },
		abi.ImportEmit: func(ptr, n uint32) int32 {
			if len(g.emitted) == g.maxEmit {
				return abi.EmitRefused
			}
			r, err := abi.Decode([]byte(text(ptr, n)))
			require.NoError(g.t, err)
			g.emitted = append(g.emitted, r)
			return 0
		},
		abi.ImportKVGet: func(key, keyLen, out, room uint32) int32 {
			v, ok := g.kv[text(key, keyLen)]
			if !ok {
				return abi.KVAbsent
			}
			if len(v) <= int(room) {
				g.mod.Memory().Write(out, v)
			}
			return int32(len(v))
		},
		abi.ImportKVSet: func(key, keyLen, val, valLen uint32, ttl int64) int32 {
			g.kv[text(key, keyLen)] = []byte(text(val, valLen))
			return 0
		},
		abi.ImportKVAdd: func(key, keyLen uint32, delta, ttl int64) int64 {
			g.kv[text(key, keyLen)] = binary.LittleEndian.AppendUint64(nil, uint64(delta+2))
			return delta + 2
		},
		abi.ImportNow:    func() int64 { return 1e9 },
		abi.ImportRandom: func(ptr, n uint32) { g.mod.Memory().Write(ptr, bytes.Repeat([]byte("r"), int(n))) },
		abi.ImportMetric: func(name, n uint32, delta int64) { g.counts[text(name, n)] += delta },
	} {
		b.NewFunctionBuilder().WithFunc(f).Export(name)
	}
	_, err := b.Instantiate(ctx)
	require.NoError(g.t, err)
}

// ask makes room for n bytes in the guest's buffer.
func (g *guest) ask(n int) {
	if n := uint32(n); n > g.room || g.buffer == 0 {
		g.buffer, g.room = uint32(g.must(abi.ExportBuffer, uint64(n))), n
		require.NotZero(g.t, g.buffer)
		require.Zero(g.t, g.buffer%abi.BufferAlign)
		_, ok := g.mod.Memory().Read(g.buffer, n)
		require.True(g.t, ok, "the buffer lies within memory")
	}
}

func (g *guest) must(export string, args ...uint64) uint64 {
	res, err := g.mod.ExportedFunction(export).Call(context.Background(), args...)
	require.NoError(g.t, err, export)
	if len(res) == 0 {
		return 0
	}
	return res[0]
}

// call gives e to a hook.
func (g *guest) call(export string, e sdk.Event) (answer, error) {
	g.code, g.reason, g.emitted = 0, "", nil
	wire := encode(e)
	g.ask(len(wire))
	require.True(g.t, g.mod.Memory().Write(g.buffer, wire))
	res, err := g.mod.ExportedFunction(export).Call(context.Background(), uint64(len(wire)))
	if err != nil || len(res) == 0 {
		return answer{}, err
	}
	kind, ptr, n := abi.Answer(res[0]).Split()
	b, ok := g.mod.Memory().Read(ptr, n)
	require.True(g.t, ok)
	return answer{kind, bytes.Clone(b)}, nil
}

// event gives a JSON event with this payload to relay_on_event.
func (g *guest) event(payload string) answer {
	g.t.Helper()
	a, err := g.call(abi.ExportOnEvent, sdk.Event{
		Topic: "orders.eu", Kind: sdk.JSON, UnixNano: 7, Payload: []byte(payload), Attributes: sdk.Attributes{}.With("tenant", "acme"),
	})
	require.NoError(g.t, err)
	return a
}

func encode(e sdk.Event) []byte {
	flags := [...]abi.Flags{sdk.Binary: 0, sdk.Text: abi.Text, sdk.JSON: abi.Text | abi.JSON}[e.Kind]
	return abi.AppendRecord(nil, &abi.Record{
		Flags: flags, Time: e.UnixNano, Topic: []byte(e.Topic), Attributes: abi.Attributes(e.Attributes), Payload: e.Payload,
	})
}
