package plugins

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

func puppet(name string) Filter { return Filter{Name: name, Path: guest("puppet")} }

func TestChain_Verdicts(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("puppet"))
	tests := []struct {
		name, payload  string
		verdict        relay.Verdict
		filter, reason string
		after          []string // what reached the sink
	}{
		{"pass", "p", relay.Accepted, "", "", []string{"t p"}},
		{"empty payload", "", relay.Accepted, "", "", []string{"t "}},
		{"payload", "Pnew", relay.Transformed, "puppet", "", []string{"t new"}},
		{"empty answer", "P", relay.Transformed, "puppet", "", []string{"t "}},
		{"drop", "dnot today", relay.Dropped, "puppet", "not today", nil},
		{"drop without words", "d", relay.Dropped, "puppet", "", nil},
		{"reject", "rno such order", relay.Rejected, "puppet", "no such order", nil},
		{"reason escaped", "r\x1b[31mred\nline\xff", relay.Rejected, "puppet", `\x1b[31mred\nline` + "\ufffd", nil},
		{"reason cut", "r" + strings.Repeat("ä", 1000), relay.Rejected, "puppet", strings.Repeat("ä", 512), nil},
		{"record", "R" + record(0, "other", "body", "k", "v"), relay.Transformed, "puppet", "", []string{"other body"}},
		{"record with the same content", "R" + record(0, "t", ""), relay.Transformed, "puppet", "", []string{"t "}},
		{"emit", "E" + record(0, "child", "body"), relay.Accepted, "", "", []string{"t E…", "child body"}},
		{"emit and drop", "D" + record(0, "child", "body"), relay.Dropped, "puppet", "", []string{"child body"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(r.sink.all())
			res := r.say(tt.payload)
			assert.NoError(t, res.Err)
			assert.Equal(t, "id-t", res.EventID)
			assert.Equal(t, tt.verdict.String(), res.Verdict.String(), res.Reason)
			assert.Equal(t, tt.filter, res.Filter)
			assert.Equal(t, tt.reason, res.Reason)
			assert.Equal(t, tt.verdict.Passed(), !res.Position.IsZero(), "a position if and only if it was appended")
			got := r.sink.texts()[before:]
			require.Len(t, got, len(tt.after))
			for i, want := range tt.after {
				if head, cut := strings.CutSuffix(want, "…"); cut {
					assert.True(t, strings.HasPrefix(got[i], head))
				} else {
					assert.Equal(t, want, got[i])
				}
			}
		})
	}
}

// Every row is a failure. The instance is replaced by one that has seen nothing, unless the guest itself reports it.
func TestChain_Failures(t *testing.T) {
	huge := Limits{Time: 5 * time.Second, Memory: 2 * relay.MiB}
	f := puppet("puppet")
	f.Limits = huge
	r := openRig(t, Options{Lanes: 1, MaxEvent: 2000}, f)
	pack := func(ptr, n uint64) string { return rawAnswer(ptr<<32 | n) }
	const end = 20 * 65536 // of the puppet's memory
	tests := []struct {
		name, payload, reason string
		kept                  bool // the instance
	}{
		{"unreachable", "u", "trap: unreachable", false},
		{"divide by zero", "z", "trap: integer divide by zero", false},
		{"read outside", "o", "trap: out of bounds memory access", false},
		{"null call", "i", "trap: invalid table access", false},
		{"proc_exit", "x", "exit: proc_exit(3)", false},
		{"host range outside", "h", "trap: a range of 16 bytes at 4294967288 is outside memory", false},
		{"reason code", "k", "trap: reason has no code 9", false},
		{"trap after emit", "T" + record(0, "lost", "x"), "trap: unreachable", false},
		{"emit no record", "Eshort", "trap: emit: record is shorter than its header", false},
		{"emit bad topic", "E" + record(0, "a..b", "x"), "trap: emit: not a topic", false},
		{"emit no topic", "E" + record(0, "", "x"), "trap: emit: not a topic", false},
		{"emit bad JSON", "E" + record(abi.JSON, "t", "{"), "trap: emit: the payload is not one JSON value", false},
		{"negative", "n", "guest: answered -7", true},
		{"negative with reason", "Nbecause\n", `guest: because\n`, true},

		// PL-08
		{"answer 2", rawAnswer(2), "bad_answer: 0x2 is no answer", false},
		{"null pointer", pack(0, 8), "bad_answer: 0x8 is no answer", false},
		{"pointer 7", pack(7, 1), "bad_answer: 0x700000001 is no answer", false},
		{"length beyond memory", pack(8, end), "are not within memory", false},
		{"pointer at the end", pack(end, 1), "are not within memory", false},
		{"sum beyond 32 bits", pack(0x7fffffff, 0x7fffffff), "is no answer", false},
		{"above 2 GiB", pack(0x80000000, 1), "guest: answered", true},
		{"all bits", pack(0x7fffffff, 0xffffffff), "is no answer", false},
		{"smallest", rawAnswer(1 << 63), "guest: answered -9223372036854775808", true},
		{"larger than max_event", pack(1024, 2001), "a payload of 2001 bytes is larger than limits.output (2000B)", false},
		{"record too short", "Rx", "bad_answer: record is shorter than its header", false},
		{"record length lies", "R" + record(0, "t", "x") + "y", "do not add up", false},
		{"record without topic", "R" + record(0, "", "x"), "not a topic", false},
		{"record with wildcard", "R" + record(0, "a.*", "x"), "not a topic", false},
		{"record keys unsorted", "R" + record(0, "t", "x", "b", "1", "a", "2"), "out of order", false},
		{"record keys twice", "R" + record(0, "t", "x", "a", "1", "a", "2"), "twice", false},
		{"record not JSON", "R" + record(abi.JSON, "t", "{"), "the payload is not one JSON value", false},
		{"record with a key twice", "R" + record(abi.JSON, "t", `{"a":1,"a":2}`), "the payload is not one JSON value: ", false},
		{"record JSON of no bytes", "R" + record(abi.JSON, "t", ""), "the payload is not one JSON value", false},
		{"record JSON not UTF-8", "R" + record(abi.JSON, "t", "\"\xff\""), "the payload is not UTF-8", false},
		{"record not text", "R" + record(abi.Text, "t", "\xff"), "the payload is not UTF-8", false},
		{"event larger than the guest", strings.Repeat("x", 1114112), "too_large: relay_buffer has no room", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r.say("c") // so that a kept instance is told from a new one
			before := len(r.sink.all())
			res := r.say(tt.payload)
			assert.NoError(t, res.Err)
			assert.Equal(t, relay.Failed, res.Verdict)
			assert.Equal(t, "puppet", res.Filter)
			assert.Contains(t, res.Reason, tt.reason)
			assert.LessOrEqual(t, len(res.Reason), maxErrorText+16)
			assert.Zero(t, res.Position)
			assert.Len(t, r.sink.all(), before, "nothing of a failed call is appended")
			seen := r.sink.seen(r.say("c"))
			assert.Equal(t, tt.kept, seen > 1, "events seen: %d", seen)
		})
	}
	assert.Positive(t, r.metric("relay_plugin_errors_total", "plugin", "puppet", "cause", "trap"))
	assert.Positive(t, r.metric("relay_plugin_restores_total"))
	assert.Zero(t, r.metric("relay_plugin_restarts_total"), "none had to be started")
	assert.LessOrEqual(t, strings.Count(r.log.String(), "cause=trap"), 3, "one line a second")
}

// seen reads the puppet's answer to "c", which is appended last.
func (r *recorder) seen(relay.Result) uint32 {
	all := r.all()
	return binary.LittleEndian.Uint32(all[len(all)-1].Payload)
}

func TestChain_Timeout(t *testing.T) {
	f := puppet("slow")
	f.Limits.Time = 50 * time.Millisecond
	r := openRig(t, Options{Lanes: 1}, f)
	begun := time.Now()
	res := r.say("l")
	assert.Equal(t, relay.Failed, res.Verdict)
	assert.Equal(t, "timeout: took longer than 50ms", res.Reason)
	assert.Less(t, time.Since(begun), eventually)
	assert.Equal(t, relay.Accepted, r.say("p").Verdict, "a new instance took its place")
	assert.Equal(t, 1., r.metric("relay_plugin_errors_total", "cause", "timeout"))
}

// A guest that recurses without end is stopped by the meter's bound on its stack, long before wazero's own.
func TestChain_StackOverflow(t *testing.T) {
	for _, stack := range []relay.Size{0, 64 * relay.KiB, maxStack} {
		f := puppet("deep")
		f.Limits = Limits{Time: 20 * time.Second, Stack: stack}
		r := openRig(t, Options{Lanes: 1}, f)
		assert.Equal(t, fmt.Sprintf("stack: calls nested deeper than %v of stack", cmp.Or(stack, relay.MiB)), r.say("s").Reason)
		assert.Equal(t, relay.Accepted, r.say("p").Verdict)
		assert.Equal(t, 1., r.metric("relay_plugin_restarts_total"), "wazero's stack has grown with it, so the instance is not used again")
	}
}

func TestChain_OnErrorPass(t *testing.T) {
	f := puppet("puppet")
	f.OnError = "pass"
	f.Limits.Time = 50 * time.Millisecond
	r := openRig(t, Options{Lanes: 1}, f, Filter{Name: "next", Path: guest("pass")})
	for _, payload := range []string{"u", "l", rawAnswer(3), "n", "x", "T" + record(0, "lost", "x")} {
		res := r.say(payload)
		assert.Equal(t, relay.Accepted, res.Verdict)
		assert.Empty(t, res.Filter)
		assert.NotZero(t, res.Position)
		assert.Zero(t, res.Emitted)
	}
	texts := r.sink.texts()
	require.Len(t, texts, 6, "what a failed call emitted is discarded")
	assert.Equal(t, "t u", texts[0], "as it was before the filter")
	assert.Equal(t, 6., r.metric("relay_plugin_verdicts_total", "plugin", "next", "verdict", "pass"))
}

// A filter that changed the event before one that fails has still changed it.
func TestChain_FailureKeepsEarlierChange(t *testing.T) {
	second := puppet("second")
	second.OnError = "pass"
	r := openRig(t, Options{Lanes: 1}, puppet("first"), second)
	res := r.say("Pu") // first answers "u", on which second traps
	assert.Equal(t, relay.Transformed, res.Verdict)
	assert.Equal(t, "first", res.Filter)
	assert.Equal(t, []string{"t u"}, r.sink.texts())
}

func TestChain_ChangedTopicGoesOn(t *testing.T) {
	first, onOld, onNew := puppet("first"), puppet("old"), puppet("new")
	onOld.Topics = []relay.Pattern{"t"}
	onNew.Topics = []relay.Pattern{"moved.>"}
	r := openRig(t, Options{Lanes: 2}, first, onOld, onNew)
	res := r.say("R" + record(0, "moved.here", "Pdone"))
	assert.Equal(t, relay.Transformed, res.Verdict)
	assert.Equal(t, "new", res.Filter, "the last to change it")
	assert.Equal(t, []string{"moved.here done"}, r.sink.texts())
	assert.Zero(t, r.metric("relay_plugin_calls_total", "plugin", "old"))
}

func TestChain_EmittedGoesOnAfterItsParent(t *testing.T) {
	a, b, c := puppet("a"), puppet("b"), puppet("c")
	a.Topics, b.Topics, c.Topics = []relay.Pattern{"root"}, []relay.Pattern{"child", "root"}, []relay.Pattern{"grandchild"}
	r := openRig(t, Options{Lanes: 1}, a, b, c)
	grandchild := record(0, "grandchild", "Pend")
	child := record(0, "child", "E"+grandchild)
	res := r.publish(event("root", "E"+child))[0]
	// a emits the child from root; b sees root (an "E" of the child, too: emits another child, which no filter sees)
	// and the first child, from which it emits the grandchild; c changes the grandchild.
	assert.Equal(t, 3, res.Emitted)
	var topics []string
	for _, ev := range r.sink.all() {
		topics = append(topics, string(ev.Topic))
		assert.Equal(t, time.Unix(1_700_000_000, 5), ev.Time)
	}
	assert.Equal(t, []string{"root", "child", "grandchild", "child"}, topics[:4])
	assert.Equal(t, "grandchild end", r.sink.texts()[2])
}

func TestChain_EmitCaps(t *testing.T) {
	f := puppet("flood")
	f.Limits.Emits = 3
	r := openRig(t, Options{Lanes: 1, MaxEvent: 1000}, f)
	r.say("F" + record(0, "child", "x"))
	all := r.sink.all()
	require.Len(t, all, 4)
	assert.Equal(t, uint32(3), binary.LittleEndian.Uint32(all[0].Payload), "the fourth emit was refused")
	assert.Equal(t, 1., r.metric("relay_plugin_emits_refused_total"))
	ids := map[string]bool{}
	for _, ev := range all {
		ids[ev.ID] = true
	}
	assert.Len(t, ids, 4, "each has its own event_id")

	r.say("F" + record(0, "child", strings.Repeat("x", 400)))
	assert.Len(t, r.sink.all(), 4+1+2, "two of 400 bytes fit into max_event")
	res := r.say("E" + record(0, "child", strings.Repeat("x", 1001)))
	assert.Zero(t, res.Emitted)
	assert.Equal(t, relay.Accepted, res.Verdict, "a refused emit is no failure")
}

// However deep filters emit, one event grows to no more than the cap.
func TestChain_EmitCapOverAll(t *testing.T) {
	filters := make([]Filter, 4)
	for i := range filters {
		filters[i] = puppet(string(rune('a' + i)))
	}
	r := openRig(t, Options{Lanes: 1}, filters...)
	payload := "x"
	for range filters {
		payload = "F" + record(0, "t", payload)
	}
	res := r.say(payload)
	assert.LessOrEqual(t, res.Emitted, maxEmitsPerEvent)
	assert.Len(t, r.sink.all(), res.Emitted+1)
	assert.Greater(t, res.Emitted, 64)
}

func TestChain_TextAndJSON(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("puppet"))
	send := func(kind relay.Kind, payload string) relay.Result {
		ev := event("t", payload)
		ev.Kind = kind
		return r.publish(ev)[0]
	}
	assert.Equal(t, relay.Transformed, send(relay.KindText, "Pplain").Verdict)
	assert.Equal(t, "bad_answer: the payload is not UTF-8", send(relay.KindText, "P\xff").Reason)
	assert.Equal(t, relay.Transformed, send(relay.KindBinary, "P\xff").Verdict)
	assert.Equal(t, relay.Transformed, send(relay.KindJSON, `P{"a":[1,"ü"]}`).Verdict)
	assert.Contains(t, send(relay.KindJSON, `P{"a":1} {}`).Reason, "bad_answer: the payload is not one JSON value")
	assert.Contains(t, send(relay.KindJSON, `P`).Reason, "bad_answer: the payload is not one JSON value")

	send(relay.KindBinary, "R"+record(abi.JSON, "t", "{}"))
	all := r.sink.all()
	assert.Equal(t, relay.KindJSON, all[len(all)-1].Kind, "a record sets the kind")
}

func TestChain_RecordGivenToGuest(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("puppet"))
	flagsOf := func(kind relay.Kind, src relay.Source) abi.Flags {
		ev := event("t", "B")
		ev.Kind, ev.Source = kind, src
		ev.Kind = kind
		if kind == relay.KindJSON {
			ev.Payload = []byte("B") // not JSON, and nobody looks: ingest has checked what came in
		}
		r.publish(ev)
		all := r.sink.all()
		return abi.Flags(binary.LittleEndian.Uint32(all[len(all)-1].Payload))
	}
	assert.Equal(t, abi.Flags(0), flagsOf(relay.KindBinary, relay.Published))
	assert.Equal(t, abi.Inbound, flagsOf(relay.KindBinary, relay.Inbound))
	assert.Equal(t, abi.Text, flagsOf(relay.KindText, relay.Published))

	// What the guest is given is what abi decodes.
	ev := event("orders.eu", `{"a":1}`)
	ev.Kind, ev.Source = relay.KindJSON, relay.Inbound
	ev.Attributes = relay.Attributes{{Key: "id", Value: "42"}, {Key: "tenant", Value: "acme"}}
	h, failed := header(ev)
	require.Nil(t, failed)
	buf := make([]byte, h.Size())
	encode(buf[:0], h, ev)
	rec, err := abi.Decode(buf)
	require.NoError(t, err)
	assert.Equal(t, abi.Text|abi.JSON|abi.Inbound, rec.Flags)
	assert.Equal(t, "orders.eu", string(rec.Topic))
	assert.Equal(t, `{"a":1}`, string(rec.Payload))
	assert.Equal(t, ev.Time.UnixNano(), rec.Time)
	assert.True(t, sameAttributes(rec.Attributes, ev.Attributes))

	ev.Attributes = relay.Attributes{{Key: strings.Repeat("k", math.MaxUint16+1)}}
	_, failed = header(ev)
	assert.Equal(t, causeTooLarge, failed.cause)
}

// The event that was published is not changed, whatever filters do: others may hold it.
func TestChain_OriginalUntouched(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, puppet("puppet"))
	ev := event("t", "R"+record(0, "other", "new", "k", "v"))
	was, payload := *ev, string(ev.Payload)
	r.publish(ev)
	assert.Equal(t, was, *ev)
	assert.Equal(t, payload, string(ev.Payload))
	got := r.sink.all()[0]
	assert.Equal(t, relay.Attributes{{Key: "k", Value: "v"}}, got.Attributes)
	assert.Equal(t, ev.ID, got.ID)
	assert.Equal(t, ev.Time, got.Time)
	r.say("Poverwrites the guest's buffer")
	assert.Equal(t, "new", string(got.Payload), "answers are copied out of the guest")
}

func TestChain_HugeMemoryAndTables(t *testing.T) {
	r := openRig(t, Options{Lanes: 1},
		Filter{Name: "mem", Path: guest("huge_memory_max"), Topics: []relay.Pattern{"mem"}},
		Filter{Name: "table", Path: guest("table_grows"), Topics: []relay.Pattern{"table"}})
	r.publish(event("mem", "x"), event("table", "x"))
	for _, ev := range r.sink.all() {
		assert.Equal(t, "\xff\xff\xff\xff", string(ev.Payload), "%s: growing is refused with -1", ev.Topic)
	}
	assert.LessOrEqual(t, r.metric("relay_plugin_memory_bytes"), float64(16*relay.MiB))
}

func TestChain_MemoryIsBoundedAndCounted(t *testing.T) {
	f := puppet("grows")
	f.Limits.Memory = 4 * relay.MiB
	r := openRig(t, Options{Lanes: 1}, f)
	r.say("g")
	grown := r.metric("relay_plugin_memory_bytes", "plugin", "grows")
	assert.Greater(t, grown, float64(3*relay.MiB))
	assert.LessOrEqual(t, grown, float64(2*4*relay.MiB), "the instance and its spare")
}

func TestChain_RestartFails(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, Filter{Name: "f", Path: guest("restart_fails"), Allow: []string{"kv"}, Reset: resetNever})
	assert.Contains(t, r.say("x").Reason, "trap: unreachable")
	r.say("x") // by the spare, if it was there in time
	assert.Contains(t, r.say("x").Reason, "unavailable: could not be started again")
	assert.Contains(t, r.say("x").Reason, "unavailable: ")
	assert.Positive(t, r.metric("relay_plugin_errors_total", "cause", "unavailable"))
}

// A lane does not wait for a filter that takes long to start anew: it goes on as soon as it is ready.
func TestChain_SlowRestart(t *testing.T) {
	r := openRig(t, Options{Lanes: 1}, Filter{Name: "f", Path: guest("slow_start")})
	reasons := func() (all string) {
		for range 3 { // by the first instance, perhaps by the spare, and by none
			all += r.say("x").Reason + "\n"
		}
		return all
	}
	assert.Contains(t, reasons(), "unavailable: could not be started again: _initialize: timeout: took longer than 50ms")
	assert.Contains(t, r.say("x").Reason, "unavailable: ")
	assert.Eventually(t, func() bool { return strings.HasPrefix(r.say("x").Reason, "trap: ") }, 20*time.Second, 10*time.Millisecond, "the spare")
}

// PL-07: each trap costs its event and nothing else; the log says so once a second.
func TestChain_TrapStorm(t *testing.T) {
	r := openRig(t, Options{Lanes: 2}, puppet("storm"))
	evs := make([]*relay.Event, 500)
	for i := range evs {
		evs[i] = event("t", "u")
	}
	for _, res := range r.publish(evs...) {
		assert.Equal(t, relay.Failed, res.Verdict)
	}
	assert.Equal(t, 500., r.metric("relay_plugin_errors_total", "cause", "trap"))
	assert.LessOrEqual(t, strings.Count(r.log.String(), "filter failed"), 10)
}
