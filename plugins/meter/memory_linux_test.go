package meter

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// A relay in a container of 256 MiB must live through compiling whatever it admits.
const container = 256 << 20

// besides is what else of the container is taken: by the relay itself, idle, and its clients.
const besides = 40 << 20

// PR-04: the worst modules that the default limits admit are compiled in less memory than a small container has, each
// in a process of its own. RELAY_TEST_COMPILE=1 asks for it, as it takes a minute.
func TestCompile_FitsASmallContainer(t *testing.T) {
	if os.Getenv("RELAY_TEST_COMPILE") == "" {
		t.Skip("RELAY_TEST_COMPILE is not set; make compile-memory sets it")
	}
	for name, module := range worst(t) {
		t.Run(name, func(t *testing.T) {
			_, report, err := Rewrite(module, Limits{})
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "module.wasm")
			require.NoError(t, os.WriteFile(path, module, 0o600))
			cmd := exec.Command(os.Args[0], "-test.run", "^TestCompile_Child$", "-test.v")
			cmd.Env = append(os.Environ(), "RELAY_TEST_COMPILE_MODULE="+path)
			begun := time.Now()
			said, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", said)
			peak := peakOf(t, said)
			t.Logf("%d KiB, %v (estimated %v), at most %d MiB of memory", len(module)>>10, time.Since(begun).Round(time.Millisecond), report.CompileTime, peak>>20)
			assert.Less(t, peak, container-besides)
		})
	}
}

// TestCompile_Child compiles one module and says what memory its process took at most.
func TestCompile_Child(t *testing.T) {
	path := os.Getenv("RELAY_TEST_COMPILE_MODULE")
	if path == "" {
		t.Skip("is run by TestCompile_FitsASmallContainer")
	}
	module, err := os.ReadFile(path)
	require.NoError(t, err)
	out, _, err := Rewrite(module, Limits{})
	require.NoError(t, err)
	_, err = newHost(t, wazero.NewRuntimeConfigCompiler()).rt.CompileModule(context.Background(), out)
	require.NoError(t, err)
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	fmt.Printf("%s\n", regexp.MustCompile(`VmHWM:.*`).Find(status))
	runtime.KeepAlive(module)
}

func peakOf(t *testing.T, said []byte) int {
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(said)
	require.NotNil(t, found, "%s", said)
	kb, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return kb << 10
}

// worst are modules of several kinds, each as large as the limits admit.
func worst(t *testing.T) map[string][]byte {
	one := func(locals, globals int, types []funcType) func(body []byte) []byte {
		return func(body []byte) []byte { return oneFunction(locals, globals, types, body) }
	}
	kinds := map[string]func(n int) []byte{
		"conditions × locals":         func(n int) []byte { return one(n, 0, nil)(conditions(n, n)) },
		"few conditions, many locals": func(n int) []byte { return one(4*n, 0, nil)(conditions(n, 4*n)) },
		"many conditions, few locals": func(n int) []byte { return one(n/8+1, 0, nil)(conditions(n, n/8+1)) },
		"loops × locals":              func(n int) []byte { return one(n, 0, nil)(loops(n, n)) },
		"calls × locals":              func(n int) []byte { return one(n, 0, nil)(keptOverCalls(n)) },
		"calls × globals": func(n int) []byte {
			return one(1, min(n, maxMutable), nil)(repeated(n, func(c *coder, i int) {
				c.op(opCall, 0)
				c.op(opGlobalGet, uint32(i%min(n, maxMutable)))
				c.plain(0x1a)
			}))
		},
		"block parameters": func(n int) []byte { return one(10, 0, manyTypes(1_000))(carried(n)) },
		"functions": func(n int) []byte {
			return functions(n, repeated(1_000, func(c *coder, i int) { c.plain(opLocalGet, 0, opIf, blockVoid, opLocalGet, 1, opLocalSet, 0, opEnd) }))
		},
		"middling functions": func(n int) []byte {
			return functions(n, repeated(110, func(c *coder, i int) { c.plain(opLocalGet, 0, opIf, blockVoid, opLocalGet, 1, opLocalSet, 0, opEnd) }))
		},
		"small functions": func(n int) []byte {
			return functions(10*n, repeated(40, func(c *coder, i int) { c.plain(opLocalGet, 0, opLocalGet, 1, 0x6d, opLocalSet, 0) }))
		},
	}
	modules := goGuests(t)
	for name, make := range kinds {
		n := 1
		for step := 1 << 14; step > 0; step >>= 1 { // the largest that is admitted
			if _, _, err := Rewrite(make(n+step), Limits{}); err == nil {
				n += step
			}
		}
		modules[name] = make(n)
	}
	return modules
}
