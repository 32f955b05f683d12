package sdk

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/sdk/abi"
)

func reset(t *testing.T) {
	t.Cleanup(func() {
		handlers = struct {
			init                                    func(Config) error
			event, connect, subscribe, disconnected Handler
		}{}
	})
}

func TestHooks(t *testing.T) {
	reset(t)
	assert.Zero(t, hooks())
	OnEvent(func(*Event) Verdict { return Pass() })
	assert.Equal(t, abi.OnEvent, hooks())
	OnDisconnect(func(*Event) {})
	assert.Equal(t, abi.OnEvent|abi.OnDisconnect, hooks())
	OnConnect(func(*Event) Verdict { return Pass() })
	OnSubscribe(func(*Event) Verdict { return Pass() })
	assert.Equal(t, abi.Hooks, hooks())
	assert.Panics(t, func() { OnEvent(nil) }, "a second handler would silently replace the first")
}

func TestHandle_PassDoesNotAllocate(t *testing.T) {
	h := func(e *Event) Verdict {
		v, ok := e.Attributes.Lookup("tenant")
		if !ok || len(v) == 0 || e.Topic == "" {
			return Drop("no tenant")
		}
		return Pass()
	}
	var wires [][]byte
	for _, topic := range []string{"orders.eu", "orders.us"} {
		e := Event{Topic: topic, Kind: JSON, Payload: []byte("{}"), Attributes: Attributes{}.With("tenant", "acme")}
		wires = append(wires, e.append(nil))
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, wire := range wires {
			if kind, _ := handle(h, wire); kind != abi.AnswerPass {
				t.Fatal(kind)
			}
		}
	}))
}

func TestEvent_TopicMayBeKept(t *testing.T) {
	wire := (&Event{Topic: "orders"}).append(nil)
	var kept string
	handle(func(e *Event) Verdict { kept = e.Topic; return Pass() }, wire)
	clear(wire)
	assert.Equal(t, "orders", kept)
}

func TestEvent_PayloadIsAView(t *testing.T) {
	wire := (&Event{Topic: "t", Payload: []byte("abc")}).append(nil)
	kind, out := handle(func(e *Event) Verdict { e.Payload[0] = 'X'; return Replace(e.Payload) }, wire)
	assert.Equal(t, abi.AnswerPayload, kind)
	assert.Equal(t, unsafe.Pointer(&wire[len(wire)-3]), unsafe.Pointer(unsafe.SliceData(out)), "edited in place, not copied")
	assert.Equal(t, "Xbc", string(out))
}

func TestInterned_Collisions(t *testing.T) {
	var table interned
	for round := range 3 {
		for i := range 2000 {
			want := "orders.region." + string(rune('a'+i%26)) + string(rune('0'+i/26))
			require.Equal(t, want, table.get([]byte(want)), "round %d", round)
		}
	}
	assert.Empty(t, table.get(nil))
}

func TestAttributes(t *testing.T) {
	a := Attributes(nil).With("m", "1").With("z", "2").With("a", "3").With("m", "4")
	var got [][2]string
	for k, v := range a.All() {
		got = append(got, [2]string{string(k), string(v)})
	}
	assert.Equal(t, [][2]string{{"a", "3"}, {"m", "4"}, {"z", "2"}}, got)
	assert.NoError(t, abi.Attributes(a).Check())
	assert.Equal(t, 2, a.Without("m").Len())
	assert.Equal(t, 3, a.Without("n").Len())
	assert.Equal(t, "", a.Get("n"))
	assert.Panics(t, func() { a.With("", "v") })
}

func TestConfig(t *testing.T) {
	c := Config(`{"fields":["card","s\u0073n"], "one":"x", "limit":-12, "ratio":1.5, "on":true, "off":false,
		"nested":{"limit":3}, "list":[1], "none":[], "limit":-13}`)
	fields, err := c.Strings("fields")
	require.NoError(t, err)
	assert.Equal(t, []string{"card", "ssn"}, fields)
	one, err := c.Strings("one")
	require.NoError(t, err)
	assert.Equal(t, []string{"x"}, one)
	for _, name := range []string{"none", "absent"} {
		list, err := c.Strings(name)
		assert.NoError(t, err)
		assert.Empty(t, list)
	}
	limit, err := c.Int("limit", 1)
	require.NoError(t, err)
	assert.Equal(t, int64(-13), limit, "the last of two counts")
	limit, err = c.Int("absent", 7)
	require.NoError(t, err)
	assert.Equal(t, int64(7), limit)
	on, err := c.Bool("on", false)
	require.NoError(t, err)
	assert.True(t, on)
	off, err := c.Bool("off", true)
	require.NoError(t, err)
	assert.False(t, off)
	text, err := c.String("absent", "otherwise")
	require.NoError(t, err)
	assert.Equal(t, "otherwise", text)
}

func TestConfig_Faults(t *testing.T) {
	c := Config(`{"text":"x","number":1.5,"list":["a",1],"object":{}}`)
	errOf := func(_ any, err error) error { return err }
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"text", errOf(c.String("number", "")), "config: number: want text"},
		{"list", errOf(c.Strings("object")), "config: object: want a list of texts"},
		{"mixed list", errOf(c.Strings("list")), "config: list: want a list of texts"},
		{"fraction", errOf(c.Int("number", 0)), "config: number: want a whole number"},
		{"number", errOf(c.Int("text", 0)), "config: text: want a whole number"},
		{"bool", errOf(c.Bool("text", false)), "config: text: want true or false"},
		{"unknown", c.Only("text", "number", "list"), `config: "object" is unknown; there are: text, number, list`},
		{"known", c.Only("text", "number", "list", "object"), ""},
		{"no object", errOf(Config(`[]`).Int("n", 0)), "config: want an object of names and values"},
		{"cut off", errOf(Config(`{"n":`).Int("n", 0)), "config: not JSON at byte 5: want more text"},
		{"empty", Config(nil).Only(), "config: not JSON at byte 0: want more text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == "" {
				assert.NoError(t, tt.err)
				return
			}
			assert.EqualError(t, tt.err, tt.want)
			assert.ErrorIs(t, tt.err, ErrConfig)
		})
	}
}

func BenchmarkHandle(b *testing.B) {
	wire := (&Event{Topic: "orders.eu", Kind: JSON, Payload: make([]byte, 235)}).append(nil)
	for b.Loop() {
		handle(func(*Event) Verdict { return Pass() }, wire)
	}
}
