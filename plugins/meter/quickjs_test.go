package meter

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/needs"
)

const quickjs = "../script/quickjs/quickjs.wasm"

// An interpreter is the hardest case: 600 KB of C, whose every function meets every kind of block. It evaluates the same
// in all forms, and leaves the same memory.
func TestRewrite_QuickJS(t *testing.T) {
	module, err := os.ReadFile(quickjs)
	if err != nil {
		needs.Missing(t, "QuickJS is not here; `make quickjs` fetches it")
	}
	s := newStage(t, module)
	require.NotNil(t, s)
	require.True(t, s.start(t, "{}"))
	require.True(t, s.each(t, "qjs_init"))
	require.Equal(t, []uint64{0}, s.last.Results)
	require.True(t, s.each(t, "qjs_set_max_stack_size", 256<<10))
	name := s.text(t, "test.js")
	for _, tt := range []struct{ name, program, want string }{
		{"numbers", `let s = 0; for (let i = 1; i < 2000; i++) s += Math.sqrt(i) / i ** 1.5; s.toFixed(9)`, "8.177868104"},
		{"JSON", `JSON.stringify(JSON.parse('{"b":[1,2.5,{"c":null}],"a":"\u00e9"}'), (k, v) => typeof v === "number" ? v * 2 : v)`, `{"b":[2,5,{"c":null}],"a":"é"}`},
		{"closures", `const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2); String(fib(17))`, "1597"},
		{"sorting", `[..."the quick brown fox jumps"].sort((a, b) => a < b ? 1 : -1).join("").trim()`, "xwuutsrqpoonmkjihfecb"},
		{"regular expressions", `"2026-11-28T07:00".replace(/(?<y>\d+)-(\d+)-(\d+)/u, "$3.$2.$<y>")`, "28.11.2026T07:00"},
		{"classes", `class A { #x = 1; get x() { return this.#x } }; class B extends A { get x() { return super.x + 41 } }; String(new B().x)`, "42"},
		{"generators", `function* g() { for (let i = 0;; i++) yield i * i }; let o = []; for (const v of g()) { if (v > 50) break; o.push(v) }; o.join()`, "0,1,4,9,16,25,36,49"},
		{"big integers", `(2n ** 200n % 1000000007n).toString()`, "499445072"},
		{"maps and typed arrays", `const m = new Map(); for (const b of new Uint8Array(1000).fill(7)) m.set(b, (m.get(b) ?? 0) + 1); JSON.stringify([...m])`, "[[7,1000]]"},
		{"an exception", `try { null.x } catch (e) { e.name }`, "TypeError"},
		{"recursion without end", `const f = () => 1 + f(); try { f() } catch (e) { e.constructor.name }`, "RangeError"},
		{"garbage", `let l = []; for (let i = 0; i < 3000; i++) { const o = {i}; o.self = o; l[i % 50] = o }; String(l.length)`, "50"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			program := s.text(t, "{ "+tt.program+" }")
			require.True(t, s.each(t, "qjs_eval", program, uint64(len(tt.program)+4), name, 0), "%v", s.ended)
			require.True(t, s.each(t, "qjs_get_string", s.last.Results[0]))
			text := s.players[0].memory()[uint32(s.last.Results[0]):]
			assert.Equal(t, tt.want, string(text[:bytes.IndexByte(text, 0)]))
			require.True(t, s.each(t, "qjs_run_gc"))
		})
	}
	t.Logf("%+v", s.tally)
}

// text puts a text into the memory of all forms.
func (s *stage) text(t *testing.T, text string) uint64 {
	require.True(t, s.each(t, "wasm_malloc", uint64(len(text)+1)))
	at := s.last.Results[0]
	for _, p := range s.players {
		copy(p.memory()[uint32(at):], text+"\x00")
	}
	return at
}
