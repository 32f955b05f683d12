package plugins

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"eventrelay/relay"
)

// filter is one filter of a generation, loaded: its settings, its compiled module in a runtime of its own (wazero's
// memory limit is per runtime), and a spare instance that waits to replace a broken one. Safe for concurrent use.
type filter struct {
	// Set at construction.
	plugin      *plugin
	onError     string
	topics      []relay.Pattern
	sources     [2]bool
	limits      Limits
	granted     grants
	config      []byte
	maxEvent    int
	initTimeout time.Duration
	seed        [sha256.Size]byte // of the module: of its randomness

	runtime wazero.Runtime
	code    wazero.CompiledModule

	spare chan *instance  // holds at most one; never closed
	wants chan struct{}   // asks keepSpares for one; never closed
	life  context.Context // of starts after the first; ended by stop
	stop  context.CancelFunc
	done  sync.WaitGroup // keepSpares
}

// load reads, scans and compiles a filter's module and links it. It starts no instance. Errors are *LoadError.
// Compiling cannot be cancelled. What scan caps (bodies, locals, tables) bounds most of what makes it slow, but not blocks
// within a body.
func load(ctx context.Context, o Options, spec *Filter, p *plugin) (*filter, error) {
	f := newFilter(o, spec, p)
	if err := f.compile(ctx, o, spec.Path); err != nil {
		f.close()
		return nil, &LoadError{spec.Name, spec.Path, err}
	}
	return f, nil
}

func newFilter(o Options, spec *Filter, p *plugin) *filter {
	f := &filter{
		plugin:      p,
		onError:     spec.OnError,
		topics:      spec.Topics,
		limits:      spec.Limits.withDefaults(),
		granted:     parseGrants(spec.Allow),
		config:      []byte("{}"),
		maxEvent:    int(o.MaxEvent),
		initTimeout: o.InitTimeout,
		spare:       make(chan *instance, 1),
		wants:       make(chan struct{}, 1),
	}
	f.life, f.stop = context.WithCancel(context.Background())
	if f.onError == "" {
		f.onError = dropOnError
	}
	for _, src := range []relay.Source{relay.Published, relay.Inbound} {
		f.sources[src] = len(spec.Sources) == 0 || slices.Contains(spec.Sources, src.String())
	}
	if len(spec.Config) > 0 {
		f.config, _ = json.Marshal(spec.Config) // Validate has seen that it can be
	}
	return f
}

func (f *filter) compile(ctx context.Context, o Options, path string) error {
	file, err := readModule(path, o.MaxModule)
	if err != nil {
		return err
	}
	f.seed = sha256.Sum256(file)
	module, err := scan(file, f.limits.Memory)
	if err != nil {
		return bounded(err)
	}
	f.runtime = wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(uint32(f.limits.Memory/pageSize)).
		WithDebugInfoEnabled(false). // DWARF is foreign bytes for another parser
		WithCloseOnContextDone(true))
	if f.code, err = f.runtime.CompileModule(ctx, module); err != nil {
		return bounded(fmt.Errorf("compile: %w", err))
	}
	imports := f.code.ImportedFunctions()
	if err := errors.Join(checkImports(imports, f.granted), checkExports(f.code)); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")) // one line, for logs and for check
	}
	return link(ctx, f.runtime, imports)
}

// readModule reads at most most bytes of a regular file.
func readModule(path string, most relay.Size) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case relay.Size(len(b)) > most:
		return nil, fmt.Errorf("larger than max_module (%v); build it smaller (Go: -ldflags='-s -w'), or raise plugins.max_module", most)
	}
	return b, nil
}

// withoutPath returns what went wrong with a file, without its path, which LoadError says.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// bounded cuts an error that may quote the module.
func bounded(err error) error { return errors.New(clean(err.Error(), maxErrorText)) }

// close frees the runtime and all instances with it. No call may be in flight. It may be called on what load left.
func (f *filter) close() {
	f.stop()
	f.done.Wait()
	select {
	case in := <-f.spare:
		in.close()
	default:
	}
	if f.runtime != nil {
		_ = f.runtime.Close(context.Background()) // closes memory only; there is nothing to be done about an error
	}
}
