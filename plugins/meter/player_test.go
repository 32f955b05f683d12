package meter

import (
	"context"
	"errors"
	"fmt"
	"hash/crc64"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"eventrelay/sdk/abi"
)

// player is a module in one form, original or metered, and the host that it imports from. The host answers the same
// whenever it is asked the same, and keeps what it was asked.
type player struct {
	form string
	h    *host
	ctx  context.Context
	mod  api.Module

	metered bool
	buffer  uint32 // the guest's
	room    uint32

	asked   []string // of the host, in this act: the first of it
	asks    uint64   // a sum of all of it
	emitted int      // in this act
	handed  int      // bytes, in this act
	store   map[string]string
	clock   uint64
	printed transcript
}

// transcript keeps the beginning of what it is given, and a sum of all of it.
type transcript struct {
	begins []byte
	all    uint64
}

const keptText = 4 << 10

func (t *transcript) Write(p []byte) (int, error) {
	t.begins = append(t.begins, p[:min(len(p), keptText-len(t.begins))]...)
	t.all = crc64.Update(t.all, sums, p)
	return len(p), nil
}

var sums = crc64.MakeTable(crc64.ISO)

// act is what can be seen of a call, but for the memory.
type act struct {
	Results []uint64
	Trap    string
	Asked   string
	All     uint64 // a sum of all that the host was asked
}

type playerKey struct{}

// What one act may spend: what asks for more runs for ever. Starting takes stock Go more than any event does.
const (
	actFuel   = 5_000_000
	startFuel = 200_000_000
)

// keptAsks bounds what is kept to be shown, of guests that ask the host for ever.
const keptAsks = 100

// newPlayer compiles a module on a runtime of its own; it starts nothing.
func newPlayer(t testing.TB, form string, config wazero.RuntimeConfig, module []byte) (*player, wazero.CompiledModule) {
	p := &player{form: form, h: newHost(t, config.WithMemoryLimitPages(256)), store: map[string]string{}}
	p.ctx = context.WithValue(context.Background(), playerKey{}, p)
	wasi_snapshot_preview1.MustInstantiate(p.ctx, p.h.rt)
	for module, calls := range asks {
		b := p.h.rt.NewHostModuleBuilder(module)
		for name, a := range calls {
			b.NewFunctionBuilder().WithGoModuleFunction(a.function(module+"."+name), types(a.params), types(a.results)).Export(name)
		}
		_, err := b.Instantiate(p.ctx)
		require.NoError(t, err)
	}
	code, err := p.h.rt.CompileModule(p.ctx, module)
	require.NoError(t, err, form)
	return p, code
}

// instantiate runs the start section. Clocks and randomness of WASI are wazero's, which are the same for all.
func (p *player) instantiate(code wazero.CompiledModule) (err error) {
	p.h.budget = p.h.granted + startFuel
	p.mod, err = p.h.rt.InstantiateModule(p.ctx, code, wazero.NewModuleConfig().WithName("").WithStartFunctions().
		WithStdout(&p.printed).WithStderr(&p.printed))
	if err == nil {
		p.metered = p.mod.ExportedGlobal(FuelGlobal) != nil
	}
	return err
}

// call calls an export. An export that is not there has no outcome.
func (p *player) call(name string, args ...uint64) (act, error) {
	f := p.mod.ExportedFunction(name)
	if f == nil {
		return act{}, nil
	}
	p.h.budget = p.h.granted + actFuel
	if name == abi.ExportInitialize || name == abi.ExportInit || strings.HasPrefix(name, "qjs_") {
		p.h.budget = p.h.granted + startFuel
	}
	results, err := f.Call(p.ctx, args...)
	if p.metered {
		p.mod.ExportedGlobal(StackGlobal).(api.MutableGlobal).Set(1 << 20) // as after every trap
	}
	return p.ended(results, err), err
}

// functionIndex is by how many the metered form's functions differ from the original's.
var functionIndex = regexp.MustCompile(`function\[\d+\]`)

// ended ends an act.
func (p *player) ended(results []uint64, err error) act {
	a := act{append([]uint64{}, results...), functionIndex.ReplaceAllString(firstLine(err), "function"), strings.Join(p.asked, "\n") + string(p.printed.begins), p.asks ^ p.printed.all}
	p.asked, p.asks, p.emitted, p.handed = p.asked[:0], 0, 0, 0
	p.printed = transcript{}
	return a
}

func (p *player) memory() []byte {
	m := p.mod.Memory()
	if reflect.ValueOf(m).IsNil() { // wazero answers a nil in the interface
		return nil
	}
	view, _ := m.Read(0, m.Size())
	return view
}

// endless reports whether an act ended by a limit that the original has not.
func endless(err error) bool { return errors.Is(err, errFuel) || errors.Is(err, errOverflow) }

// ask is a host function: i and I in its type are i32 and i64; spans are the parameters that begin a pointer and a length.
type ask struct {
	params, results string
	spans           []int
	answer          func(p *player, mem api.Memory, stack []uint64)
}

// asks are the host functions of relay, of AssemblyScript, and of QuickJS, by module.
var asks = map[string]map[string]ask{
	abi.ImportModule: {
		abi.ImportLog:    {"iii", "", []int{1}, nil},
		abi.ImportReason: {"iii", "", []int{1}, nil},
		abi.ImportEmit: {"ii", "i", []int{0}, func(p *player, _ api.Memory, stack []uint64) {
			stack[0] = 0
			if p.emitted++; p.emitted > 20 {
				stack[0] = uint64(uint32(0xffff_ffff))
			}
		}},
		abi.ImportKVGet: {"iiii", "i", []int{0}, func(p *player, mem api.Memory, stack []uint64) {
			value, ok := p.store[text(mem, stack[0], stack[1])]
			if !ok {
				stack[0] = uint64(uint32(0xffff_ffff))
				return
			}
			mem.WriteString(uint32(stack[2]), value[:min(len(value), int(uint32(stack[3])))])
			stack[0] = uint64(len(value))
		}},
		abi.ImportKVSet: {"iiiiI", "i", []int{0, 2}, func(p *player, mem api.Memory, stack []uint64) {
			p.store[text(mem, stack[0], stack[1])] = text(mem, stack[2], stack[3])
			stack[0] = 0
		}},
		abi.ImportKVAdd: {"iiII", "I", []int{0}, func(p *player, _ api.Memory, stack []uint64) { p.clock++; stack[0] = p.clock + stack[2] }},
		abi.ImportNow:   {"", "I", nil, func(p *player, _ api.Memory, stack []uint64) { p.clock += 1000; stack[0] = p.clock }},
		abi.ImportRandom: {"ii", "", nil, func(p *player, mem api.Memory, stack []uint64) {
			p.hand(stack[1])
			for i := range uint32(stack[1]) {
				p.clock = p.clock*6364136223846793005 + 1442695040888963407
				if !mem.WriteByte(uint32(stack[0])+i, byte(p.clock>>56)) {
					panic(errOutside)
				}
			}
		}},
		abi.ImportMetric: {"iiI", "", []int{0}, nil},
	},
	"env": {
		"abort":                    {"iiii", "", nil, func(*player, api.Memory, []uint64) { panic(errors.New("abort")) }},
		"host_get_timezone_offset": {"ii", "i", nil, zero},
		"host_interrupt":           {"", "i", nil, func(_ *player, _ api.Memory, stack []uint64) { stack[0] = 0 }},
		"host_promise_rejection":   {"iii", "", nil, nil},
		"host_module_normalize":    {"ii", "i", nil, zero},
		"host_module_load":         {"ii", "i", nil, zero},
		"host_call":                {"iiiii", "i", nil, zero},
	},
}

func zero(_ *player, _ api.Memory, stack []uint64) { stack[0] = 0 }

var errOutside = errors.New("outside memory")

// actHanded is how many bytes the host takes in one act: fuel does not bound what the host does itself.
const actHanded = 4 << 20

func (p *player) hand(n uint64) {
	if p.handed += int(uint32(n)); p.handed > actHanded {
		panic(errFuel)
	}
}

func text(mem api.Memory, ptr, n uint64) string {
	view, ok := mem.Read(uint32(ptr), uint32(n))
	if !ok {
		panic(errOutside)
	}
	return string(view)
}

// function keeps what is asked, all bytes of it, and answers.
func (a ask) function(name string) api.GoModuleFunc {
	return func(ctx context.Context, mod api.Module, stack []uint64) {
		p := ctx.Value(playerKey{}).(*player)
		for i, c := range a.params {
			if c == 'i' {
				stack[i] = uint64(uint32(stack[i])) // the engine leaves anything above
			}
		}
		asked := fmt.Sprint(name, stack[:len(a.params)])
		for _, i := range a.spans {
			p.hand(stack[i+1])
			span := text(mod.Memory(), stack[i], stack[i+1])
			asked += fmt.Sprintf(" %q %x", span[:min(len(span), keptText)], crc64.Checksum([]byte(span), sums))
		}
		p.asks = crc64.Update(p.asks, sums, []byte(asked))
		if len(p.asked) < keptAsks {
			p.asked = append(p.asked, asked)
		}
		if a.answer != nil {
			a.answer(p, mod.Memory(), stack)
		}
	}
}

func types(s string) []api.ValueType {
	out := make([]api.ValueType, len(s))
	for i, c := range s {
		out[i] = map[rune]api.ValueType{'i': api.ValueTypeI32, 'I': api.ValueTypeI64}[c]
	}
	return out
}
