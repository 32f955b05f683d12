package plugins

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/plugins/script"
	"eventrelay/relay"
	"eventrelay/relay/needs"
	"eventrelay/relay/rawjson"
)

// needQuickJS ends a test where QuickJS was not fetched.
func needQuickJS(t testing.TB) {
	t.Helper()
	if _, err := script.Module(); err != nil {
		needs.Missing(t, err.Error())
	}
}

// inline is a filter of JavaScript.
func inline(t testing.TB, text string, allow ...string) Filter {
	needQuickJS(t)
	return Filter{Name: "script", Inline: text, Allow: allow}
}

// jsEvent is a JSON event with attributes.
func jsEvent(payload string) *relay.Event {
	return &relay.Event{
		Topic: "orders.new", ID: "id-1", Payload: []byte(payload), Kind: relay.KindJSON, Source: relay.Inbound,
		Time:       time.Unix(1_700_000_000, 5_000_000),
		Attributes: relay.Attributes{{Key: "tenant", Value: "acme"}, {Key: "user", Value: "ü"}},
	}
}

// became is what a script made of an event: verdict, reason, and what reached the sink, without the event's id.
func became(r *rig, ev *relay.Event) string {
	before := len(r.sink.all())
	res := r.publish(ev)[0]
	said := []string{res.Verdict.String()}
	if res.Reason != "" {
		said = append(said, "("+res.Reason+")")
	}
	for _, ev := range r.sink.all()[before:] {
		text := string(ev.Topic) + " " + ev.Kind.String() + " " + string(ev.Payload)
		for _, a := range ev.Attributes {
			text += " " + a.Key + "=" + a.Value
		}
		said = append(said, "→ "+text)
	}
	return strings.Join(said, " ")
}

const (
	jsPayload = `{ "n": 1.50, "big": 12345678901234567890, "s": "é\u00e9", "list": [1, 2, {"x": null}], "card": "4111" }`
	jsAttrs   = " tenant=acme user=ü"
)

func TestScript_answers(t *testing.T) {
	same := "accepted → orders.new json " + jsPayload + jsAttrs
	as := func(event string) string { return "transformed → " + event }
	for _, tt := range []struct{ name, script, want string }{
		{"the event", `event => event`, same},
		{"true", `event => true`, same},
		{"data that was only read", `event => event.data.list[2].x === null ? event : null`, same},
		{"data that was written to and written back", `event => { const c = event.data.card; event.data.card = ""; event.data.card = c; return event }`, same},
		{"bytes and attributes that were only read", `event => { event.bytes; event.attributes; return event }`, same},
		{"topic as it was", `event => { event.topic = event.topic; return event }`, same},
		{"null", `event => null`, "dropped"},
		{"false", `event => event.data.n > 2`, "dropped"},
		{"an empty list", `event => []`, "dropped"},
		{"drop", `event => drop("not " + event.topic)`, "dropped (not orders.new)"},
		{"drop without words", `event => drop()`, "dropped"},
		{"reject", `event => reject("no " + event.attributes.tenant)`, "rejected (no acme)"},
		{"data written to", `event => { event.data.card = "*"; return event }`, as(`orders.new json {"n":1.5,"big":12345678901234567000,"s":"éé","list":[1,2,{"x":null}],"card":"*"}` + jsAttrs)},
		{"data written to, deep", `event => { event.data.list[2].x = {y: [true, false, "\u2028\n\"\u0001"]}; delete event.data.big; return event }`, as(`orders.new json {"n":1.5,"s":"éé","list":[1,2,{"x":{"y":[true,false,"` + "\u2028" + `\n\"\u0001"]}}],"card":"4111"}` + jsAttrs)},
		{"data set", `event => { event.data = {a: event.data.n, b: undefined, c: () => 1, d: NaN, e: new Date(event.time), f: -0}; return event }`, as(`orders.new json {"a":1.5,"d":null,"e":"2023-11-14T22:13:20.005Z","f":0}` + jsAttrs)},
		{"data with toJSON", `event => { event.data.card = {toJSON: () => "json"}; delete event.data.big; return event }`, as(`orders.new json {"n":1.5,"s":"éé","list":[1,2,{"x":null}],"card":"json"}` + jsAttrs)},
		{"data with a getter", `event => { event.data = {get a() { return 7 }, [Symbol.iterator]: 1}; return event }`, as(`orders.new json {"a":7}` + jsAttrs)},
		{"data of numbers", `event => { event.data = [1e21, 1e-7, 123456789012, 0.1, 5e-324, -1e300, 2**31, -(2**31)]; return event }`, as(`orders.new json [1e+21,1e-7,123456789012,0.1,5e-324,-1e+300,2147483648,-2147483648]` + jsAttrs)},
		{"text set", `event => { event.text = event.text.replace("4111", "#"); return event }`, as("orders.new json " + strings.Replace(jsPayload, "4111", "#", 1) + jsAttrs)},
		{"text set, data read and written", `event => { event.text = '{"a":1}'; event.data.b = 2; return event }`, as(`orders.new json {"a":1,"b":2}` + jsAttrs)},
		{"bytes set", `event => { event.bytes = new Uint8Array([255, 0]); event.kind = "binary"; return event }`, as("orders.new binary \xff\x00" + jsAttrs)},
		{"data set to bytes", `event => { event.data = new Uint8Array([1]); return event }`, as("orders.new binary \x01" + jsAttrs)},
		{"topic", `event => { event.topic = "a.b"; return event }`, as("a.b json " + jsPayload + jsAttrs)},
		{"attributes", `event => { event.attributes.n = 1; delete event.attributes.user; return event }`, as("orders.new json " + jsPayload + " n=1 tenant=acme")},
		{"attributes set", `event => { event.attributes = {}; return event }`, as("orders.new json " + jsPayload)},
		{"another event", `event => ({topic: "x", data: {a: 1}})`, as(`x json {"a":1}` + jsAttrs)},
		{"another event of text", `event => ({text: "hi", attributes: {b: "2", a: true}})`, as(`orders.new text hi a=true b=2`)},
		{"a list", `event => [event, {topic: "a", data: 1}, {topic: "b", text: "two"}]`, same + " → a json 1" + jsAttrs + " → b text two" + jsAttrs},
		{"a list of others", `event => event.data.list.slice(0, 2).map(n => ({data: n, attributes: {}}))`, as(`orders.new json 1 → orders.new json 2`)},
		{"a list with the event later", `event => [{topic: "a", data: 1}, event]`, as(`a json 1` + jsAttrs + " → orders.new json " + jsPayload + jsAttrs)},
		{"emit", `event => { emit({topic: "a", data: event.id}); return null }`, `dropped → a json "id-1"` + jsAttrs},
		{"what else an event has", `event => ({text: [event.kind, event.inbound, event.id, event.time.toISOString(), event.text.length, event.bytes.length].join()})`, as(`orders.new text json,true,id-1,2023-11-14T22:13:20.005Z,103,104` + jsAttrs)},
		{"an async function", `async event => { await null; event.data = await Promise.all([1, (async () => 2)()]); return event }`, as(`orders.new json [1,2]` + jsAttrs)},
		{"rejected promises that are waited for", `async event => { const p = Promise.reject(new Error()); await 0; try { await p } catch {} await Promise.allSettled([(async () => { throw 1 })()]); Promise.reject(2).catch(() => 3); return event }`, same},
		{"a module", "export default function (event) { return event }", same},
		{"a module with a named export", "export const onEvent = event => null", "dropped"},
		{"a module on one line", `const no = null; export default event => no`, "dropped"},
		{"a function that speaks of exports", `event => event.topic === "export" // export`, "dropped"},
		{"a function with a semicolon and a comment", "event => null; // never ", "dropped"},
		{"the order of keys", `event => { event.data = {b: 1, 2: 2, a: 3, 1: 4}; return event }`, as(`orders.new json {"1":4,"2":2,"b":1,"a":3}` + jsAttrs)},
		{"members that prototypes have", `event => { const o = {}; o.constructor = 1; o.toString = "2"; o.__defineGetter__ = 3; Object.assign(o, {valueOf: 4}); event.data = o; event.attributes.constructor = "c"; return event }`, as(`orders.new json {"constructor":1,"toString":"2","__defineGetter__":3,"valueOf":4} constructor=c` + jsAttrs)},
		{"an error's name", `event => { class Bad extends RangeError { constructor(m) { super(m); this.name = "Bad"; this.message += "!" } toString() { return "x" } }; const e = new Error("a"); e.name = "b"; e.toString = () => "c"; return {text: [new Bad("m").name, new Bad("m").message, e.name, e, String({})].join()} }`, as("orders.new text Bad,m!,b,c,[object Object]" + jsAttrs)},
		{"globals of the script", "globalThis.seen ??= {n: 0}; globalThis.make = function () { }\nexport default event => { seen.more = true; make.prototype.x = make.y = 1; return event }", same},
		{"base64", `event => ({text: btoa(atob("aGk="))})`, as("orders.new text aGk=" + jsAttrs)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := openRig(t, Options{Lanes: 1}, inline(t, tt.script))
			for range 3 { // the second finds what the first left
				assert.Equal(t, tt.want, became(r, jsEvent(jsPayload)))
			}
		})
	}
}

func TestScript_payloadsThatAreNoJSON(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		kind         relay.Kind
		payload      string
		want         string
	}{
		{"data of text", `event => { event.data = event.data.toUpperCase(); return event }`, relay.KindText, "hé", "transformed → t text HÉ"},
		{"data of text, as JSON", `event => { event.data = [event.data]; return event }`, relay.KindText, "hé", `transformed → t json ["hé"]`},
		{"data of bytes", `event => { event.data[0] = 66; return event }`, relay.KindBinary, "A\xff", "transformed → t binary B\xff"},
		{"data and bytes are the same bytes", `event => { event.data[0] = 66; event.bytes[1] = 67; return event }`, relay.KindBinary, "A\xff", "transformed → t binary BC"},
		{"bytes that were read", `event => { event.bytes[0]; event.text; return event }`, relay.KindBinary, "A\xff", "accepted → t binary A\xff"},
		{"text of bytes", `event => ({text: event.text})`, relay.KindBinary, "A\xff", "transformed → t text A\ufffd"},
		{"text of bytes set", `event => { event.text = "ü"; return event }`, relay.KindBinary, "\x00", "transformed → t text ü"},
		{"empty", `event => { event.text += event.bytes.length; return event }`, relay.KindText, "", "transformed → t text 0"},
		{"a lone surrogate", `event => { event.text = "\ud800"; return event }`, relay.KindText, "x", "failed (bad_answer: the payload is not UTF-8)"},
		{"data of text that is no JSON", `event => { event.kind = "json"; return event.data }`, relay.KindText, "01", "failed (guest: inline:1:40: SyntaxError: Unexpected number in JSON at position 0 (line 1 column 1))"},
		{"what is no JSON", `event => { event.kind = "json"; return event }`, relay.KindText, "x", `failed (bad_answer: the payload is not one JSON value: "x" where a value is expected at byte 0)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := openRig(t, Options{Lanes: 1}, inline(t, tt.script))
			for range 2 {
				assert.Equal(t, tt.want, became(r, &relay.Event{Topic: "t", ID: "i", Kind: tt.kind, Payload: []byte(tt.payload)}))
			}
		})
	}
}

func TestScript_faults(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"throw", "event => {\n  throw new RangeError('no ' + event.topic)\n}", "inline:2:32: RangeError: no orders.new"},
		{"throw what is no error", "event => { throw {a: 1} }", "inline: uncaught: [object Object]"},
		{"throw what cannot be written", "event => { throw {toString() { throw 1 }} }", "inline: uncaught: something that cannot be written"},
		{"an unknown name", "event => nope.x", "inline:1:10: ReferenceError: nope is not defined"},
		{"in a function called", "export default e => f(e)\nfunction f(e) { return e.data.a.b }", "inline:2:24: TypeError: cannot read property 'b' of undefined"},
		{"undefined", "event => {}", "inline: TypeError: the filter returned undefined: return the event to pass it on, null to drop it"},
		{"a number", "event => 7", "inline: TypeError: 7 is no event: an event is an object with topic, data, text, bytes, kind, attributes"},
		{"its data", "event => event.data", `inline: TypeError: an event has topic, data, text, bytes, kind, attributes; this one has "n": to answer with new data, set event.data, or write {data: …}`},
		{"a spread", "event => ({...event})", "inline: TypeError: an event has topic, data, text, bytes, kind, attributes; this object has none of them (copying an event by {...event} does not work: write {data: event.data, …})"},
		{"a promise that does not settle", "event => new Promise(() => {})", "inline: the filter waits for a promise that does not settle: there is nothing to wait for in a filter, no timer and no network"},
		{"a promise that is rejected", "async event => { throw new Error('later') }", "inline:1:28: Error: later"},
		{"a rejected promise that nobody waits for", "event => { check(event); return event }\nasync function check(e) { throw new Error('bad ' + e.topic) }", "inline:2:52: Error: bad orders.new"},
		{"a rejected promise among others", "async event => { const a = f(1), b = f(2); try { await a } catch {} return event }\nasync function f(n) { await 0; throw new Error(n) }", "inline:2:48: Error: 2"},
		{"a microtask that throws", "event => { queueMicrotask(() => { throw new Error('later') }); return event }", "inline:1:45: Error: later"},
		{"import()", "async event => { await import('fs'); return event }", "inline: ReferenceError: could not load module 'fs': a script is one file; put what it imports into it (esbuild --bundle --format=esm)"},
		{"eval", "event => eval('1')", "inline:1:10: ReferenceError: eval is not defined"},
		{"Function", "event => new (event.constructor.constructor)('return 1')()", "inline:1:15: TypeError: eval is not supported"},
		{"an event that is over", "export default e => { globalThis.old ??= e; return old.topic ? e : null }", "inline:1:52: TypeError: this event is over: an event is good until the function that it was given to returns; keep what you need of it"},
		{"a bad topic", "event => { emit({topic: 'a..b', data: 1}) }", `inline:1:12: TypeError: emit: not a topic: "a..b" has an empty token (two dots in a row, or one at an end)`},
		{"refuse", "event => refuse(403, 'no')", "inline: TypeError: refuse is for onConnect and onSubscribe: write drop or reject"},
		{"refuse with what is no status", "event => refuse(200)", "inline:1:10: TypeError: refuse: 200 is no status: write 400 to 599, such as 401 or 403"},
		{"attributes", "event => { event.attributes.o = {}; return event }", "inline: TypeError: attributes.o must be a string, not an object"},
		{"not granted", "event => kv.get('a')", "inline:1:13: TypeError: kv is not granted: add kv to the filter's allow in relay.yaml"},
		{"a property that no event has", "event => { event.payload = 1; return event }", "inline:1:12: TypeError: object is not extensible"},
		{"a list that is too long", "event => Array.from({length: 66}, () => event)", "inline: TypeError: a list of 66 events is more than one call may emit (limits.emits, and max_event for all of them together), so none goes on"},
		{"a verdict of its own", "event => new (drop().constructor)(700, {})", "inline: TypeError: an event has topic, data, text, bytes, kind, attributes; this object has none of them (copying an event by {...event} does not work: write {data: event.data, …})"},
		{"a cycle", "event => { event.data.self = event.data; return event }", "inline: TypeError: circular reference"},
		{"no JSON", "event => { event.data = () => 1; return event }", "inline: TypeError: a function cannot be written as JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := openRig(t, Options{Lanes: 1}, inline(t, tt.script))
			var got string
			for range 2 {
				got = became(r, jsEvent(jsPayload))
			}
			assert.Equal(t, "failed (guest: "+tt.want+")", got)
		})
	}
}

// Names of files are found in stack traces whatever they are.
func TestScript_faultsInFilesOfAnyName(t *testing.T) {
	needQuickJS(t)
	for _, name := range []string{"a filter.js", "filter (2).js", "ü:1:2.js", "%d.js"} {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte("\ufeffexport default event => {\n  null.x\n}"), 0o600))
		r := openRig(t, Options{Lanes: 1}, Filter{Name: "s", Script: file})
		assert.Equal(t, "failed (guest: "+name+":2:3: TypeError: cannot read property 'x' of null)", became(r, jsEvent("1")))
	}
}

// TestScript_keepsFewNames: names of members that are new in every event take no memory that stays.
func TestScript_keepsFewNames(t *testing.T) {
	f := inline(t, `event => event.data.id === 0`)
	f.Limits.Memory = 2 << 20
	r := openRig(t, Options{Lanes: 1}, f)
	for i := range 20_000 {
		require.Equal(t, "dropped", became(r, jsEvent(fmt.Sprintf(`{"id":1,"name-%d":2}`, i))), i)
	}
}

func TestScript_refusedAtLoad(t *testing.T) {
	needQuickJS(t)
	for _, tt := range []struct{ name, script, want string }{
		{"syntax", "export default function (event) {\n  return event +\n}", "filter.js:3:1: SyntaxError: unexpected token in expression: '}'"},
		{"top level", "const a = 1\nnope()\nexport default e => e", "filter.js:2:1: ReferenceError: nope is not defined"},
		{"no function", "export const a = 1", "filter.js: TypeError: the script exports no function: write export default function (event) { … }"},
		{"no function, but an object", "export default {}", "filter.js: TypeError: the script's default export must be a function, not an object"},
		{"a hook with another name", "export default e => e\nexport function onconnect() {}\nexport function onMessage() {}", "filter.js: TypeError: the script exports onMessage: there are onInit, onEvent (or default), onConnect, onSubscribe and onDisconnect"},
		{"import", "import fs from 'fs'\nexport default e => e", "filter.js: ReferenceError: could not load module 'fs': a script is one file; put what it imports into it (esbuild --bundle --format=esm)"},
		{"onInit refuses", "export default e => e\nexport function onInit(config) { throw new Error('field ' + config.field + ' is unknown') }", "filter.js:2:76: Error: field x is unknown"},
		{"top-level await", "await new Promise(() => {})\nexport default e => e", "filter.js: the top level waits for a promise that does not settle: there is nothing to wait for in a filter, no timer and no network"},
		{"emit at the start", "emit({data: 1})\nexport default e => e", "filter.js:1:1: TypeError: emit is for events, not for the start"},
		{"a promise at the start", "export default e => e\nexport function onInit() { load() }\nasync function load() { await 0; null.x }", "filter.js:3:34: TypeError: cannot read property 'x' of null"},
		{"a loop at the start", "for (;;);\nexport default e => e", "timeout: took longer than 200ms"},
		{"too much memory at the start", "const a = []; for (;;) a.push(new Uint8Array(1e6))\nexport default e => e", "out of memory (limits.memory)"},
		{"binary", "\x00", "filter.js: the script is not UTF-8 text"},
		{"a number that is none", "kv.add('n', 2**53)\nexport default e => e", "filter.js:1:3: TypeError: what is added must be a whole number within ±(2**53 - 1), not 9007199254740992"},
		{"no UTF-8", "// \xff\nexport default e => e", "filter.js: the script is not UTF-8 text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "filter.js")
			require.NoError(t, os.WriteFile(file, []byte(tt.script), 0o600))
			spec := Filter{Name: "s", Script: file, Allow: []string{"kv"}, Config: map[string]any{"field": "x"}, Limits: Limits{Init: 200 * time.Millisecond}}
			err := Check(context.Background(), Options{}, []Filter{spec})
			e, ok := errors.AsType[*LoadError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.want, e.Err.Error())
			assert.Equal(t, file, e.Path)
		})
	}
}

func TestScript_host(t *testing.T) {
	needQuickJS(t)
	f := inline(t, `
export function onInit(c) { log("init", c, config === c, Object.isFrozen(c.list)) }
export default function (event) {
	log.debug("unseen"); log("a", 1, {b: 2}, [null], undefined, new Error("e")); log.warn("w"); console.error("c")
	kv.set("k", "v"); kv.set("b", new Uint8Array([1, 2])); kv.set("gone", "x"); kv.delete("gone")
	metric("seen"); metric("seen", 2)
	const numbers = [kv.add("n", 5), kv.add("n"), kv.add("n", -1n)]
	const clock = now(), drawn = random(8), chance = Math.random()
	event.data = {
		k: kv.get("k"), b: [...kv.bytes("b")], none: kv.get("nope"), gone: kv.get("gone"), numbers,
		clock: Math.abs(clock - Date.now()) < 60_000 && clock > 1.7e12, drawn: drawn.length, chance: chance >= 0 && chance < 1,
	}
	return event
}`, "kv", "now", "random", "metric")
	f.Config = map[string]any{"list": []any{1}}
	r := openRig(t, Options{Lanes: 1}, f)
	assert.Equal(t, `transformed → orders.new json {"k":"v","b":[1,2],"none":null,"gone":null,"numbers":[5,6,5],"clock":true,"drawn":8,"chance":true}`+jsAttrs, became(r, jsEvent(jsPayload)))
	assert.EqualValues(t, 3, r.metric("relay_plugin_custom", "name", "seen"))
	for _, line := range []string{`text="init {\"list\":[1]} true true"`, `text="a 1 {\"b\":2} [null] undefined Error: e"`, `level=WARN msg="filter says" filter=script text=w`, `level=ERROR msg="filter says" filter=script text=c`} {
		assert.Contains(t, r.log.String(), line)
	}
	assert.NotContains(t, r.log.String(), "unseen")
}

func TestScript_isDeterministic(t *testing.T) {
	text := `event => ({text: [Date.now(), new Date().getTimezoneOffset(), Math.random(), Math.random()].join()})`
	said := map[string]bool{}
	for range 3 {
		r := openRig(t, Options{Lanes: 1}, inline(t, text))
		said[became(r, jsEvent("1"))] = true
	}
	require.Len(t, said, 1)
	for s := range said {
		assert.Contains(t, s, "text 1700000000005,0,0.")
	}
}

// TestScript_globals keeps what a script finds to what is meant: nothing that reaches beyond the event.
func TestScript_globals(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, inline(t, `event => ({attributes: {}, text: Object.getOwnPropertyNames(globalThis).sort().join(" ")})`))
	assert.Equal(t, "transformed → orders.new text AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array BigUint64Array Boolean DOMException DataView Date DisposableStack Error "+
		"EvalError Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array InternalError Iterator JSON Map Math NaN Number Object "+
		"Promise Proxy RangeError ReferenceError Reflect RegExp Set String SuppressedError Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array "+
		"Uint8ClampedArray WeakMap WeakSet atob btoa config console decodeURI decodeURIComponent drop emit encodeURI encodeURIComponent escape globalThis "+
		"isFinite isNaN kv log metric now parseFloat parseInt queueMicrotask random refuse reject undefined unescape", became(r, jsEvent("1")))
}

// scriptHostiles are scripts that want to break their host, and what becomes of the first event. The second, after the
// instance was brought back to its start, must pass.
var scriptHostiles = []struct{ name, body, want string }{
	{"an endless loop", `for (;;);`, "timeout"},
	{"an endless loop in a finally", `try { for (;;); } finally { for (;;); }`, "timeout"},
	{"endless recursion that is caught", `const f = () => { try { f() } catch { f() } }; f()`, "timeout"},
	{"a regular expression that backtracks", `/^(a+)+$/.test("a".repeat(40) + "b")`, "timeout"},
	{"one native call that is long", `Array.from({length: 1e9}, () => 1)`, "timeout|out of memory"},
	{"a sort that never ends", `const a = Array.from({length: 1e5}, (_, i) => i); for (;;) a.sort(() => Math.random() - 0.5)`, "timeout"},
	{"microtasks without end", `const f = () => Promise.resolve().then(f); f()`, "timeout"},
	{"rejected promises without end", `for (;;) Promise.reject(1)`, "timeout|out of memory"},
	{"rejected promises", `for (let i = 0; i < 1e3; i++) Promise.reject(i); return event`, "uncaught: 0"},
	{"rejected promises that are handled late", `const all = Array.from({length: 5e3}, i => Promise.reject(i)); for (;;) for (const p of all) p.catch(() => 1)`, "timeout|out of memory"},
	{"an async loop", `(async () => { for (;;) await null })()`, "timeout"},
	{"a huge array", `const a = []; for (;;) a.push(new Array(1e5).fill(0))`, "timeout|out of memory"},
	{"huge typed arrays", `const a = []; for (;;) a.push(new Uint8Array(1e6))`, "out of memory"},
	{"a huge string", `let s = "x"; for (;;) s += s + "\u1234"`, "out of memory|invalid string length|string too long"},
	{"memory that is caught", `const a = []; for (;;) try { for (;;) a.push("x".repeat(1e5) + a.length) } catch {}`, "timeout|out of memory"},
	{"deep recursion", `const f = () => 1 + f(); f()`, "Maximum call stack size exceeded"},
	{"deep recursion in natives", `const f = () => [1].map(f); f()`, "Maximum call stack size exceeded"},
	{"deep recursion in JSON", `let o = {}; for (let i = 0; i < 1e5; i++) o = {o}; event.data = o; return event`, "Maximum call stack size exceeded|out of memory|circular|timeout"},
	{"a deep text", `return JSON.parse("[".repeat(1e6))`, "Maximum call stack size exceeded|SyntaxError|nested deeper|timeout"},
	{"a deep regular expression", `new RegExp("(".repeat(1e5))`, "SyntaxError|stack"},
	{"a proxy", `return new Proxy({}, {ownKeys() { for (;;); }})`, "timeout"},
	{"a getter without end", `event.data = {get a() { for (;;); }}; return event`, "timeout"},
	{"toJSON that deepens", `const o = {toJSON() { return {o} }}; event.data = o; return event`, "timeout|Maximum call stack size exceeded|out of memory"},
	{"toString that does not end", `throw {toString() { for (;;); }}`, "timeout"},
	{"an error that lies about its place", `const e = new Error("x"); Object.defineProperty(e, "stack", {get() { for (;;); }}); throw e`, "timeout"},
	{"an error whose stack logs", `const e = new Error("x"); Object.defineProperty(e, "stack", {get() { log("in stack"); return "at (inline:7:7)" }}); throw e`, "inline:6:7: Error: x"},
	{"an error whose text emits", `throw {toString() { log(event.topic); emit({data: 1}); return "text" }}`, "uncaught: text"},
	{"a proxy of the event", `return new Proxy(event, {})`, "is over|this event|no event|none of them|this one has"},
	{"prototype pollution", `({}).__proto__.polluted = 1`, "object is not extensible"},
	{"prototype pollution by data", `const merge = (a, b) => { for (const k in b) typeof b[k] === "object" ? merge(a[k] ??= {}, b[k]) : a[k] = b[k] }; merge({}, JSON.parse('{"__proto__": {"polluted": 1}}'))`, "object is not extensible"},
	{"a prototype's method replaced by data", `const merge = (a, b) => { for (const k in b) typeof b[k] === "object" ? merge(a[k] ??= {}, b[k]) : a[k] = b[k] }; merge({}, JSON.parse('{"__proto__": {"toString": 1}}'))`, "toString is built in"},
	{"a built-in function replaced by data", `({}).constructor.keys = 1`, "read-only"},
	{"a method of arrays replaced", `[].__proto__.map = 1`, "read-only"},
	{"a method of arrays redefined", `Object.defineProperty(Array.prototype, "map", {value: 1})`, "not configurable|read-only"},
	{"a method of objects redefined", `Object.defineProperty(Object.prototype, "valueOf", {value: 1})`, "not configurable"},
	{"globals overwritten", `drop = () => event`, "read-only"},
	{"the host's functions called in odd ways", `log.call(null, {toString: 1}, {toJSON() { throw new Error("t") }})`, "Error: t"},
	{"attributes of all kinds", `event.attributes = new Proxy({}, {ownKeys: () => ["a", "b"], getOwnPropertyDescriptor: () => ({enumerable: true, configurable: true, value: 1}), get: () => Symbol()}); return event`, "must be a string"},
	{"a detached buffer", `const b = event.bytes; b.buffer.transfer(); event.bytes = b; return event`, "not one JSON value"},
	{"a resizable buffer", `new ArrayBuffer(8, {maxByteLength: 1e9}).resize(1e9)`, "out of memory|RangeError"},
	{"an event that grows as it is written", `let o = []; for (let i = 0; i < 30; i++) o = [o, o, "x".repeat(1e3)]; for (;;) emit({data: o})`, "timeout|out of memory|invalid string length|string too long|full"},
	{"what is in many places and leaves no trace", `const o = {}; for (let i = 0; i < 5e3; i++) o["k" + i] = undefined; event.data = new Array(1e5).fill(o); return event`, "timeout|out of memory"},
	{"members of any name", `for (let i = 0; ; i++) { const o = {}; o["k" + i] = 1; emit({data: o}) }`, "timeout"},
	{"too many emits", `for (let i = 0; i < 1e5; i++) if (!emit({data: i})) throw new Error("full at " + i)`, "full at 64"},
}

func TestScript_hostile(t *testing.T) {
	for _, tt := range scriptHostiles {
		t.Run(tt.name, func(t *testing.T) {
			f := inline(t, "event => { if (event.data === 0) return event; "+tt.body+" }")
			f.Limits.Time = 5 * time.Second // a busy machine is no hostile script
			if strings.Contains(tt.want, "timeout") {
				f.Limits.Time = 50 * time.Millisecond
			}
			r := openRig(t, Options{Lanes: 1}, f)
			for range 2 {
				got := became(r, jsEvent("1"))
				require.True(t, strings.HasPrefix(got, "failed ("), got)
				found := false
				for want := range strings.SplitSeq(tt.want, "|") {
					found = found || strings.Contains(got, want)
				}
				assert.True(t, found, "%s\nwant %s", got, tt.want)
				require.Eventually(t, func() bool { return became(r, jsEvent("0")) == "accepted → orders.new json 0"+jsAttrs }, eventually, tick)
			}
		})
	}
}

// TestScript_plainData makes sure that the fast ways are taken: the layout of QuickJS's memory is as package script knows it.
func TestScript_plainData(t *testing.T) {
	for script, want := range map[string]bool{
		`event => event`: true,
		`export default event => event; Object.prototype.extra = 1`:                               false,
		`export default event => event; Array.prototype.toJSON = () => 1`:                         false,
		`export default event => event; Object.defineProperty(Object.prototype, "x", {set() {}})`: false,
	} {
		d, err := OpenDesk(t.Context(), Options{}, inline(t, script), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		assert.Equal(t, want, d.filter.slots[0].inst.script.Plain(), script)
		d.Close()
	}
}

// showData compares what the host makes of a payload with what JSON.parse does.
const showData = `
const show = x => typeof x !== "object" || x === null ? typeof x + ":" + (Object.is(x, -0) ? "-0" : String(x)) : Array.isArray(x) ? "[" + x.map(show) + "]"
	: "{" + Reflect.ownKeys(x).map(k => k + "=" + show(x[k])) + "}" + (Object.getPrototypeOf(x) === Object.prototype)
export default event => {
	const said = f => { try { return show(f()) } catch (e) { return e } }
	event.kind = "json"
	const host = String(said(() => event.data)), script = String(said(() => JSON.parse(event.text)))
	return {text: host === script ? "same" : "host " + host + " script " + script, attributes: {}}
}`

func TestScript_parsesAsJSONParse(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, inline(t, showData))
	for _, text := range []string{
		`[0,-0,0.0,01]`, `[1.]`, `[.5]`, `[-]`, `[+1]`, `[1e]`, "[\"\n\"]", `[00]`, `[-01]`, `[1.e1]`, `["\x"]`,
		`0`, `-0`, `-0.0`, `1`, `-1`, `123456789`, `1234567890`, `-2147483648`, `2147483648`, `12345678901234567890`, `1e3`, `1E-7`, `0.1`, `5e-324`, `1.7976931348623157e308`,
		`"x"`, `""`, `"é😀\u00e9\n\"\\\/\b"`, `"\ud83d\ude00"`, `true`, `false`, `null`, `[]`, `{}`, ` [ 1 , 2 ] `, `{"":1}`, `{"a":{"a":{"a":[]}},"b":"","0":1,"10":2,"9":3}`,
		`{"__proto__":1}`, `{"constructor":{"prototype":{}}}`, `{"toString":1,"é":"ü","\u0061":2}`, `{"length":1}`, `[[],[[]],{}]`,
		strings.Repeat("[", 300) + strings.Repeat("]", 300), `{"` + strings.Repeat("k", 100) + `":1}`, "[" + strings.Repeat("1,", 1000) + "2]",
		"[" + strings.Repeat("1,", 255) + "2]", "[" + strings.Repeat("[1.5,\"x\"],", 256) + "{}]", "{" + manyMembers(1000) + "}",
	} {
		assert.Equal(t, "transformed → orders.new text same", became(r, jsEvent(text)), text[:min(len(text), 80)])
	}
}

func manyMembers(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"k%d":%d`, i, i)
	}
	return strings.Join(members, ",")
}

// FuzzScript_JSON holds what the host reads and writes of plain data against JSON.parse and JSON.stringify.
func FuzzScript_JSON(f *testing.F) {
	needQuickJS(f)
	for _, seed := range []string{jsPayload, `{"a":[1.5,-0,null,{"é":"\u0001\ud83d\ude00"}],"0":1e21}`, `[[[]],{"":{}},"",0.1e-7,12345678901234567890]`, `{"constructor":1}`} {
		f.Add(seed)
	}
	open := func(text string) *Desk {
		d, err := OpenDesk(f.Context(), Options{}, inline(f, text), slog.New(slog.DiscardHandler))
		require.NoError(f, err)
		f.Cleanup(d.Close)
		return d
	}
	read, write := open(showData), open(`event => {
	const all = [event.data], text = JSON.stringify(all)
	event.data = all
	return [event, {text}]
}`)
	var s rawjson.Scanner
	f.Fuzz(func(t *testing.T, text string) {
		s.Reset([]byte(text))
		if _, fault := s.Document(); fault != nil {
			return
		}
		got := read.Try(jsEvent(text))
		if got.Verdict != "transform" { // out of stack or time
			require.Equal(t, "fail", got.Verdict)
			return
		}
		require.Equal(t, "same", *got.Event.Payload)
		wrote := write.Try(jsEvent(text))
		if wrote.Verdict == "transform" {
			require.Equal(t, *wrote.Emitted[0].Payload, *wrote.Event.Payload)
		}
	})
}

// TestScript_goesBackInPlace: a script that broke is back by a copy of its memory, not by another instance.
func TestScript_goesBackInPlace(t *testing.T) {
	f := inline(t, `let seen = 0
export default event => {
	seen++
	if (event.data === "loop") for (;;);
	event.data = seen
	return event
}`)
	f.Limits.Time = 50 * time.Millisecond
	r := openRig(t, Options{Lanes: 1}, f)
	for range 3 {
		assert.Equal(t, "transformed → orders.new json 1"+jsAttrs, became(r, jsEvent("{}")))
		assert.Equal(t, "transformed → orders.new json 2"+jsAttrs, became(r, jsEvent("{}")))
		assert.Contains(t, became(r, jsEvent(`"loop"`)), "failed (timeout")
	}
	assert.EqualValues(t, 3, r.metric("relay_plugin_restores_total"))
	assert.Zero(t, r.metric("relay_plugin_restarts_total"))
}

func TestScript_inspectAndPin(t *testing.T) {
	needQuickJS(t)
	file := filepath.Join(t.TempDir(), "filter.js")
	require.NoError(t, os.WriteFile(file, []byte("export default e => e\nexport function onConnect() { return true }"), 0o600))
	i, err := Inspect(t.Context(), Options{}, Filter{Name: "a", Script: file})
	require.NoError(t, err)
	assert.True(t, i.Accepted, i.Refusal)
	assert.True(t, i.Script && i.InPlace)
	assert.Equal(t, []string{"relay_on_event", "relay_on_connect"}, i.Hooks)
	pinned := Filter{Name: "a", Script: file, SHA256: i.SHA256}
	require.NoError(t, Check(t.Context(), Options{}, []Filter{pinned}))
	require.NoError(t, os.WriteFile(file, []byte("export default e => null"), 0o600))
	assert.ErrorContains(t, Check(t.Context(), Options{}, []Filter{pinned}), "and relay.yaml pins "+i.SHA256)
	i, err = Inspect(t.Context(), Options{}, Filter{Name: "a", Script: file, Limits: Limits{Module: 10}})
	require.NoError(t, err)
	assert.Contains(t, i.Refusal, "larger than limits.module (10B)")
}

func BenchmarkScript(b *testing.B) {
	for _, s := range []struct{ name, text string }{
		{"nothing", "event => true"},
		{"pass", "event => event"},
		{"topic", "event => event.topic !== 'x'"},
		{"filter", "event => event.data.type === 'trade' && event.data.price > 100 ? event : null"},
		{"transform", "event => { event.data.card = '****'; event.data.total = event.data.price * event.data.quantity; return event }"},
	} {
		b.Run(s.name, func(b *testing.B) { publishLoop(b, benchPipeline(b, inline(b, s.text)), 1) })
	}
}

func BenchmarkScript_Rewind(b *testing.B) {
	needQuickJS(b)
	d, err := OpenDesk(context.Background(), Options{}, inline(b, "event => { event.data.a = 1; return event }"), slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	defer d.Close()
	in := d.filter.slots[0].inst
	for b.Loop() {
		b.StopTimer()
		d.Try(benchEvent("t"))
		b.StartTimer()
		if !in.rewind() {
			b.Fatal("not in place")
		}
	}
}
