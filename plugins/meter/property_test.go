package meter

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"eventrelay/sdk/abi"
)

// unequal are modules that see the limits that only the metered form has.
var unequal = map[string]string{
	"quickjs":       "TestRewrite_QuickJS has programs for it",
	"table_grows":   "grows a table to its limit, which the original's has not",
	"floods_output": "writes gigabytes, which the engine's own host function takes",
	"random_storm":  "has the engine's own host function make random bytes without end, which fuel does not see",
}

// PL-22: filters in every language do the same as they are and metered: the same answers, the same memory to the byte,
// the same traps, the same calls of the host. What they spend is the same on every instance, whatever the slice, on both
// engines, and never less than paying for each instruction by itself.
func TestRewrite_CorpusDoesTheSame(t *testing.T) {
	modules := corpus(t)
	n := 160
	if testing.Short() || raceEnabled {
		n = 24
	} else {
		maps.Copy(modules, goGuests(t))
	}
	evs := events(t, n)
	var total tally
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		name := strings.TrimSuffix(filepath.Base(path), ".wasm")
		if why := unequal[name]; why != "" {
			t.Log(name, why)
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := newStage(t, modules[path])
			if s == nil {
				return
			}
			s.play(t, configOf[name], evs)
			total.add(s.tally)
			t.Logf("%s: %+v", path, s.tally)
		})
	}
	t.Logf("%+v", total)
	assert.Greater(t, total.acts, 40*n)
	assert.Greater(t, total.answers, 10*n)
	assert.Greater(t, total.traps, n)
	assert.Greater(t, total.asked, n)
	// What is paid for in vain: next to nothing in most, but stock Go's functions are loops around one large br_table, and
	// leave many a region early.
	assert.Less(t, float64(total.fuel), 3*float64(total.exact))
}

// tally counts what was compared.
type tally struct {
	acts, answers, traps, asked, endless int
	fuel, exact                          int64
}

func (t *tally) add(o tally) {
	t.acts, t.answers, t.traps, t.asked, t.endless = t.acts+o.acts, t.answers+o.answers, t.traps+o.traps, t.asked+o.asked, t.endless+o.endless
	t.fuel, t.exact = t.fuel+o.fuel, t.exact+o.exact
}

// stage has one module in all forms, side by side. The first is the reference for fuel, the last the original, which
// runs only what the metered forms have shown to end.
type stage struct {
	players []*player
	codes   []wazero.CompiledModule
	last    act   // of the first
	ended   error // what ended the last act without end
	tally   tally
}

// endlessActs is how many acts without end say enough of a module: each takes as long as hundreds that end.
func endlessActs() int {
	if testing.Short() || raceEnabled {
		return 2
	}
	return 10
}

// smallModule is what the interpreter runs, too: it takes a hundred times as long.
const smallModule = 64 << 10

// newStage returns nil if the module is refused.
func newStage(t *testing.T, original []byte) *stage {
	limits := Limits{TableEntries: maxTableEntries}
	metered, _, err := Rewrite(original, limits)
	if err != nil {
		t.Log(err)
		return nil
	}
	if _, err := newHost(t, wazero.NewRuntimeConfigInterpreter()).rt.CompileModule(t.Context(), original); err != nil {
		t.Log(err)
		return nil
	}
	exact := &module{limits: limits.withDefaults(), start: -1, declared: -1, exact: true}
	require.NoError(t, exact.read(original))
	s := &stage{}
	cache := wazero.NewCompilationCache() // two of the forms are the same module
	t.Cleanup(func() { require.NoError(t, cache.Close(context.Background())) })
	put := func(form string, config wazero.RuntimeConfig, module []byte, slice int64) {
		p, code := newPlayer(t, form, config.WithCompilationCache(cache), module)
		p.h.slice = slice
		s.players, s.codes = append(s.players, p), append(s.codes, code)
	}
	put("metered", wazero.NewRuntimeConfigCompiler(), metered, Slice)
	put("by instruction", wazero.NewRuntimeConfigCompiler(), exact.rewritten(len(original)), Slice)
	put("metered, other slices", wazero.NewRuntimeConfigCompiler(), metered, 1009)
	if len(original) < smallModule {
		put("metered, interpreted", wazero.NewRuntimeConfigInterpreter(), metered, Slice)
	}
	put("original", wazero.NewRuntimeConfigCompiler(), original, Slice)
	return s
}

// play starts the module as a relay does, and gives it the events; a module that is no filter has its functions called.
// After an act without end, and after proc_exit, it starts anew.
func (s *stage) play(t *testing.T, config string, evs [][]byte) {
	if config == "" {
		config = "{}"
	}
	started := s.start(t, config)
	names := slices.Sorted(maps.Keys(s.codes[0].ExportedFunctions()))
	for i, ev := range evs {
		if !started || len(names) == 0 || s.tally.endless > endlessActs() {
			return // a module that never starts, or never ends, has been compared in that
		}
		if s.players[0].mod.ExportedFunction(abi.ExportOnEvent) != nil {
			started = s.event(t, ev)
		} else {
			started = s.export(t, names[i%len(names)], uint64(i))
		}
		if t.Failed() {
			t.Fatalf("event %d: %q", i, ev[:min(len(ev), 200)])
		}
		if !started {
			started = s.start(t, config)
		}
	}
}

// start instantiates all forms, and reports whether they take events.
func (s *stage) start(t *testing.T, config string) bool {
	for _, p := range s.players {
		if p.mod != nil {
			require.NoError(t, p.mod.Close(p.ctx))
		}
		p.mod, p.room, p.clock, p.store, p.h.granted = nil, 0, 0, map[string]string{}, 0
	}
	booted := s.all(t, func(i int, p *player) (act, error) {
		err := p.instantiate(s.codes[i])
		return p.ended(nil, err), err
	})
	return booted && s.each(t, abi.ExportInitialize) && s.buffer(t, uint32(len(config))) && s.written(t, config) &&
		s.each(t, abi.ExportInit, uint64(len(config))) && s.each(t, abi.ExportVersion) && s.buffer(t, abi.FirstBuffer)
}

func (s *stage) written(_ *testing.T, what string) bool {
	for _, p := range s.players {
		if m := p.memory(); int(p.buffer) <= len(m) {
			copy(m[p.buffer:], what)
		}
	}
	return true
}

// buffer asks for a buffer of n bytes.
func (s *stage) buffer(t *testing.T, n uint32) bool {
	return s.all(t, func(_ int, p *player) (act, error) {
		a, err := p.call(abi.ExportBuffer, uint64(n))
		if len(a.Results) == 1 {
			p.buffer, p.room = uint32(a.Results[0]), n
		}
		return a, err
	})
}

func (s *stage) event(t *testing.T, ev []byte) bool {
	if uint32(len(ev)) > s.players[0].room && !s.buffer(t, uint32(len(ev))) {
		return false
	}
	s.written(t, string(ev))
	return s.each(t, abi.ExportOnEvent, uint64(len(ev)))
}

// export calls any function, with small numbers.
func (s *stage) export(t *testing.T, name string, seed uint64) bool {
	if strings.HasPrefix(name, ReservedPrefix) {
		return true
	}
	var args []uint64
	for i, p := range s.players[0].mod.ExportedFunction(name).Definition().ParamTypes() {
		args = append(args, seed*uint64(3*i+1)%1000)
		if p == typeV128 {
			args = append(args, seed)
		}
	}
	return s.each(t, name, args...)
}

func (s *stage) each(t *testing.T, name string, args ...uint64) bool {
	return s.all(t, func(_ int, p *player) (act, error) { return p.call(name, args...) })
}

// all has all forms do the same, and compares what came of it. It reports false when they can't go on.
func (s *stage) all(t *testing.T, do func(i int, p *player) (act, error)) bool {
	var first act
	var fuel int64
	goesOn := true
	for i, p := range s.players {
		before := p.spent()
		a, err := do(i, p)
		if i == 0 {
			first, s.last = a, a
			s.tally.acts++
		}
		if endless(err) {
			s.tally.endless++
			s.ended = err
			return false // NOTE: the original, last, would not return
		}
		goesOn = goesOn && p.mod != nil && !p.mod.IsClosed()
		if !reflect.DeepEqual(first, a) {
			t.Errorf("%s:\n%.1000s\n%s:\n%.1000s", s.players[0].form, fmt.Sprint(first), p.form, fmt.Sprint(a))
		}
		spent := p.spent() - before
		switch {
		case i == 0:
			fuel = spent
			s.count(a)
		case err != nil || !p.metered: // what a function keeps in a local when it traps is not told
		case p.form == "by instruction":
			assert.GreaterOrEqual(t, fuel, spent, p.form)
			s.tally.fuel, s.tally.exact = s.tally.fuel+fuel, s.tally.exact+spent
		default:
			assert.Equal(t, fuel, spent, p.form)
		}
		if goesOn && !bytes.Equal(s.players[0].memory(), p.memory()) {
			t.Errorf("%s: memory differs", p.form)
		}
	}
	return goesOn
}

func (s *stage) count(a act) {
	if a.Trap != "" {
		s.tally.traps++
	}
	if a.Asked != "" {
		s.tally.asked++
	}
	if len(a.Results) == 1 && a.Results[0] > 1 {
		s.tally.answers++
	}
}

// spent is what all acts so far cost.
func (p *player) spent() int64 {
	if p.mod == nil || !p.metered {
		return 0
	}
	return p.h.spent(p.mod)
}
