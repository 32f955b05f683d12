package bench

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/transport/wsclient"
)

// bed is a scanner with the books of one subscriber.
type bed struct {
	scanner
	stream
	events template
}

func newBed() *bed {
	m := newMarker()
	l := newLedger([]int32{0}, []bool{true}, 1, 1, 1)
	l.begin()
	b := &bed{scanner: scanner{marker: m, word: m.word(), at: len(payloadHead), book: l, mask: 0x01020304}}
	b.events, _ = newTemplate(wordPayload, newPayload(128, m))
	return b
}

func (b *bed) event() string { return string(b.events.append(nil, b.book.launch(0, 0, 0), "")) }

// frame is one as servers send it.
func frame(first byte, body string) string {
	switch n := len(body); {
	case n <= 125:
		return string([]byte{first, byte(n)}) + body
	case n <= 0xffff:
		return string([]byte{first, 126, byte(n >> 8), byte(n)}) + body
	default:
		return string([]byte{first, 127, 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + body
	}
}

func deflate(t testing.TB, p []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	require.NoError(t, err)
	w.Write(p)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// What other servers wrap events in.
func TestScanner_wrapped(t *testing.T) {
	tests := []struct {
		name   string
		events int
		wrap   func(e []string) string
	}{
		{"relay", 1, func(e []string) string { return frame(0x81, e[0]) }},
		{"relay envelope", 1, func(e []string) string {
			return frame(0x81, `{"subscription":"bench","topic":"bench","id":"1f.7","data":`+e[0]+`}`)
		}},
		{"coalesced frames", 3, func(e []string) string { return frame(0x81, e[0]) + frame(0x82, e[1]) + frame(0x81, e[2]) }},
		{"NATS, several in a frame", 3, func(e []string) string {
			s := "+OK\r\n"
			for _, e := range e {
				s += fmt.Sprintf("MSG bench 1 %d\r\n%s\r\n", len(e), e)
			}
			return frame(0x82, s)
		}},
		{"centrifuge, JSON lines", 2, func(e []string) string {
			return frame(0x81, `{"push":{"channel":"bench","pub":{"data":`+e[0]+"}}}\n"+`{"push":{"channel":"bench","pub":{"data":`+e[1]+"}}}")
		}},
		{"Socket.IO, an object", 1, func(e []string) string { return frame(0x81, `42["bench",`+e[0]+`]`) }},
		{"Socket.IO, a string", 2, func(e []string) string {
			return frame(0x81, `42["bench",`+quoted(e[0])+`]`) + frame(0x81, `42["bench",`+quoted(quoted(e[1]))+`]`)
		}},
		{"fragments", 1, func(e []string) string {
			return frame(0x01, e[0][:20]) + frame(0x89, "ping") + frame(0x00, e[0][20:40]) + frame(0x80, e[0][40:])
		}},
		{"over 64 KiB", 1, func(e []string) string { return frame(0x81, strings.Repeat(" ", 70000)+e[0]) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBed()
			var events []string
			for range tt.events {
				events = append(events, b.event())
			}
			wire := tt.wrap(events)
			used, err := b.scan(&b.stream, []byte(wire))
			require.NoError(t, err)
			assert.Equal(t, len(wire), used)
			assert.Equal(t, int64(tt.events), b.book.count.Deliveries)
			b.book.settle()
			assert.Zero(t, b.book.count.Lost+b.book.count.Duplicated+b.book.count.Reordered+b.book.count.Alien)
		})
	}
}

// However the bytes are cut, the same events are found.
func TestScanner_anyCut(t *testing.T) {
	b := newBed()
	wire := frame(0x81, b.event()) + frame(0x89, "") + frame(0x81, strings.Repeat("x", 200)+b.event()) + frame(0x01, "") + frame(0x80, b.event())
	for cut := range len(wire) {
		b.book.next[0], b.book.count = 0, counts{}
		used, err := b.scan(&b.stream, []byte(wire[:cut]))
		require.NoError(t, err)
		used2, err := b.scan(&b.stream, []byte(wire[used:]))
		require.NoError(t, err)
		require.Equal(t, len(wire), used+used2)
		require.Equal(t, counts{Deliveries: 3}, b.book.count, "cut at %d", cut)
	}
}

func TestScanner_otherMessages(t *testing.T) {
	b := newBed()
	alien := newBed().event() // of another run
	wire := frame(0x81, "hello") + frame(0x81, alien) + frame(0x82, "") + frame(0x81, "~"+strings.Repeat("~", 100))
	_, err := b.scan(&b.stream, []byte(wire))
	require.NoError(t, err)
	assert.Equal(t, counts{Other: 4}, b.book.count)
}

func TestScanner_ping(t *testing.T) {
	b := newBed()
	_, err := b.scan(&b.stream, []byte(frame(0x89, "\x01\x02\x03\x04\x05")+frame(0x8a, "")))
	require.NoError(t, err)
	assert.Equal(t, "8a 85 04 03 02 01 05 01 01 05 01", fmt.Sprintf("% x", b.reply))
}

func TestScanner_answers(t *testing.T) {
	b := newBed()
	b.answers, b.mask = []answer{{"2", "3"}, {"{}", "{}"}}, 0
	b.stream.deflate = true
	_, err := b.scan(&b.stream, []byte(frame(0x81, "2")+frame(0x81, "22")+frame(0x81, b.event())+frame(0xc1, string(deflate(t, []byte("{}"))))))
	require.NoError(t, err)
	assert.Equal(t, "81 81 00 00 00 00 33 81 82 00 00 00 00 7b 7d", fmt.Sprintf("% x", b.reply))
	assert.Equal(t, counts{Events: 1, Deliveries: 1, Other: 3}, b.book.count)
}

func TestScanner_deflated(t *testing.T) {
	b := newBed()
	b.stream.deflate = true
	first, second := string(deflate(t, []byte(b.event()))), string(deflate(t, []byte(b.event())))
	wire := []byte(frame(0xc1, first) + frame(0x41, second[:9]) + frame(0x80, second[9:]))
	_, err := b.scan(&b.stream, wire)
	require.NoError(t, err)
	_, err = b.scan(&b.stream, []byte(frame(0xc1, string(deflate(t, []byte("other"))))))
	require.NoError(t, err)
	assert.Equal(t, counts{Events: 2, Deliveries: 2, Other: 1}, b.book.count)

	b.book.next[0] = 0 // another subscriber gets the same bytes: they are not inflated again
	allocs := testing.AllocsPerRun(10, func() {
		b.book.next[0] = 0
		b.scan(&b.stream, wire)
	})
	assert.Zero(t, allocs)
}

func TestScanner_faults(t *testing.T) {
	tests := []struct{ name, wire, want string }{
		{"masked", "\x81\x80\x00\x00\x00\x00", "a masked frame"},
		{"RSV1 not negotiated", frame(0xc1, "x"), "reserved bits"},
		{"RSV2", frame(0xa1, "x"), "reserved bits"},
		{"continuation of nothing", frame(0x80, "x"), "a continuation of nothing"},
		{"message in a message", frame(0x01, "x") + frame(0x81, "y"), "a message inside another"},
		{"fragmented ping", frame(0x09, "x"), "control frame"},
		{"long ping", frame(0x89, strings.Repeat("x", 126)), "control frame"},
		{"unknown opcode", frame(0x83, "x"), "an unknown opcode"},
		{"too large", "\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00", "more than 16 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBed()
			_, err := b.scan(&b.stream, []byte(tt.wire))
			var broke *wsclient.ProtocolError
			require.ErrorAs(t, err, &broke)
			assert.Contains(t, err.Error(), tt.want)
		})
	}
	b := newBed()
	b.stream.deflate = true
	_, err := b.scan(&b.stream, []byte(frame(0xc1, "\xff\xff")))
	assert.ErrorContains(t, err, "inflate")
}

func TestScanner_close(t *testing.T) {
	b := newBed()
	_, err := b.scan(&b.stream, []byte(frame(0x88, "\x10\x04slow")))
	assert.Equal(t, &wsclient.CloseError{Code: 4100, Reason: "slow"}, err)
	_, err = b.scan(&b.stream, []byte(frame(0x88, "")))
	assert.Equal(t, &wsclient.CloseError{Code: wsclient.CodeNoStatus}, err)
}

// The client is no garbage collector's business: taking events allocates nothing.
func TestScanner_allocations(t *testing.T) {
	b := newBed()
	wire := []byte(strings.Repeat(frame(0x81, b.event()), 64))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		b.book.next[0] = 0
		b.scan(&b.stream, wire)
	}))
}

func FuzzScanner(f *testing.F) {
	b := newBed()
	f.Add([]byte(frame(0x81, b.event())), uint8(3), false)
	f.Add([]byte(frame(0x01, "a")+frame(0x89, "b")+frame(0x80, "c")), uint8(1), false)
	f.Add([]byte(frame(0xc1, string(deflate(f, []byte(b.event()))))), uint8(200), true)
	f.Add([]byte(frame(0x88, "\x03\xe8bye")), uint8(0), false)
	f.Fuzz(func(t *testing.T, wire []byte, cut uint8, deflated bool) {
		b := newBed()
		copy(wire[min(len(wire), 14):], b.marker[:]) // or the mark is never found
		b.event()
		whole, parts := stream{deflate: deflated}, stream{deflate: deflated}
		used, err := b.scan(&whole, wire)
		if used > len(wire) {
			t.Fatalf("used %d of %d", used, len(wire))
		}
		// Cut anywhere, it says the same.
		at := min(int(cut), len(wire))
		first, err1 := b.scan(&parts, wire[:at])
		if err1 == nil {
			var second int
			second, err1 = b.scan(&parts, wire[first:])
			first += second
		}
		if fmt.Sprint(err) != fmt.Sprint(err1) || used != first {
			t.Fatalf("whole: %d, %v; cut at %d: %d, %v", used, err, at, first, err1)
		}
	})
}

func BenchmarkScanner(b *testing.B) {
	bed := newBed()
	bed.book = newLedger([]int32{0}, []bool{true}, 1, 1, 64)
	bed.book.begin()
	bed.book.closed, bed.book.from = true, 0
	bed.book.members[0] = 1 << 30 // so that no event is ever complete
	var wire []byte
	for range 64 {
		wire = append(wire, frame(0x81, bed.event())...)
	}
	b.SetBytes(int64(len(wire)))
	for b.Loop() {
		bed.book.next[0] = 0
		bed.scan(&bed.stream, wire)
	}
	b.ReportMetric(64*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mframes/s")
}
