package transport

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
	"eventrelay/relay/transport/deflate"
)

const testLimit = 64 << 10

// plainRules are those of a connection without compression, deflateRules of one with it.
var (
	plainRules   = rules{limit: testLimit}
	deflateRules = rules{limit: testLimit, inflate: deflate.NewPool(1)}
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "").Replace(s))
	if err != nil {
		panic(err)
	}
	return b
}

// echo feeds the reader in pieces and returns what an echoing server would answer, up to and with a close frame.
func echo(t require.TestingT, pieces [][]byte, rules rules) (out []byte, code uint16) {
	var r reader
	for _, p := range pieces {
		p = bytes.Clone(p) // next unmasks in place
		for {
			m, rest, err := r.next(p, rules)
			if err == nil && m.op == ws.OpClose {
				if err = checkClose(m.payload); err == nil {
					return append(out, controlFrame(ws.OpClose, m.payload[:min(2, len(m.payload))])...), 0
				}
			}
			if err != nil {
				return out, asCloseError(err).Reason.Code()
			}
			if m.op == 0 {
				require.Empty(t, rest)
				break
			}
			switch m.op {
			case ws.OpPing:
				out = append(out, controlFrame(ws.OpPong, m.payload)...)
			case ws.OpText, ws.OpBinary:
				f := textFrame(m.payload)
				f[0] = 0x80 | byte(m.op)
				out = append(out, f...)
			}
			p = rest
		}
	}
	return out, 0
}

func TestReader(t *testing.T) { testReader(t, wireCases, plainRules) }

func TestReader_deflated(t *testing.T) {
	testReader(t, deflateCases, deflateRules)
	testReader(t, slices.DeleteFunc(slices.Clone(wireCases), func(c wireCase) bool { return c.Name == "RSV1" }), deflateRules)
}

func testReader(t *testing.T, cases []wireCase, rules rules) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			in, want := unhex(c.In), unhex(strings.Join(c.Out, ""))
			for cut := range min(len(in), 300) {
				out, code := echo(t, [][]byte{in[:cut], in[cut:]}, rules)
				require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(out), "cut at %d", cut)
				require.Equal(t, c.Code, code, "cut at %d", cut)
			}
			var single [][]byte
			for i := range in {
				single = append(single, in[i:i+1])
			}
			out, code := echo(t, single, rules)
			assert.Equal(t, hex.EncodeToString(want), hex.EncodeToString(out), "byte by byte")
			assert.Equal(t, c.Code, code, "byte by byte")
		})
	}
}

func TestReader_limits(t *testing.T) {
	for name, c := range map[string]struct {
		sizes []int // of fragments
		code  uint16
	}{
		"at the limit":                    {[]int{testLimit}, 0},
		"above the limit":                 {[]int{testLimit + 1}, 1009},
		"fragments at the limit":          {[]int{testLimit - 1, 1}, 0},
		"fragments above the limit":       {[]int{testLimit - 1, 2}, 1009},
		"empty fragment at the limit":     {[]int{testLimit, 0}, 0},
		"endless fragments":               {[]int{30 << 10, 30 << 10, 30 << 10}, 1009},
		"16-bit length at its upper edge": {[]int{0xffff}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var in []byte
			for i, size := range c.sizes {
				op := ws.OpBinary
				if i > 0 {
					op = ws.OpContinuation
				}
				in = append(in, ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, i == len(c.sizes)-1, make([]byte, size))))...)
			}
			_, code := echo(t, [][]byte{in[:len(in)/3], in[len(in)/3:]}, plainRules)
			assert.Equal(t, c.code, code)
		})
	}
}

// What is too large is refused by its header, before any of it comes; and a length that was only announced costs nothing.
func TestReader_growsByWhatComes(t *testing.T) {
	var r reader
	_, _, err := r.next(unhex("82 ff 00 00 00 00 00 01 00 01"), plainRules)
	require.NoError(t, err, "the key is still to come")
	_, _, err = r.next(unhex(key), plainRules)
	require.ErrorIs(t, err, errTooBig)

	r = reader{}
	_, _, err = r.next(unhex("82 ff 00 00 00 00 00 01 00 00"+key+"61"), plainRules)
	require.NoError(t, err)
	assert.LessOrEqual(t, cap(r.part.data), 64)
}

func TestReader_idleHoldsNothing(t *testing.T) {
	var r reader
	for _, c := range wireCases {
		if c.Code != 0 || strings.Contains(c.Name, "close") {
			continue
		}
		for _, b := range unhex(c.In) {
			_, _, err := r.next([]byte{b}, plainRules)
			require.NoError(t, err)
		}
		require.Nil(t, r.part, c.Name)
	}
}

func TestReader_allocations(t *testing.T) {
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame(make([]byte, 128))))
	var r reader
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _, _ = r.next(frame, plainRules) }))
}

func BenchmarkReader(b *testing.B) {
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 128))))
	var r reader
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		_, _, _ = r.next(frame, plainRules)
	}
}

func TestUTF8Check(t *testing.T) {
	inputs := []string{"", "a", "é", "日本語", "\U0010ffff", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\xe0\x9f\xbf", "a\x80", "é\xc3", "\xf0\x8f\xbf\xbf", strings.Repeat("aé日\U0001f600", 9)}
	for _, s := range inputs {
		for i := range len(s) + 1 {
			var u utf8Check
			ok := u.next([]byte(s[:i])) && u.next([]byte(s[i:])) && u.complete()
			assert.Equal(t, utf8.ValidString(s), ok, "%q cut at %d", s, i)
		}
	}
}

// The first octet that no continuation can make good is refused, even one by one.
func TestUTF8Check_firstBadOctet(t *testing.T) {
	for s, at := range map[string]int{"\xf4\x90": 1, "\xed\xa0": 1, "\xe0\x9f": 1, "\xf0\x8f": 1, "\xc1": 0, "\xf5": 0, "\xe6\x97a": 2, "ab\x80": 2} {
		var u utf8Check
		for i := range len(s) {
			require.Equal(t, i != at, u.next([]byte{s[i]}), "%q at %d", s, i)
		}
	}
}

func TestCloseFrame(t *testing.T) {
	for r := relay.ReasonClient; int(r) < relay.Reasons; r++ {
		f := closeFrame(&closeError{Reason: r})
		if r.Code() == 0 {
			assert.Nil(t, f, r)
			continue
		}
		assert.Equal(t, byte(0x88), f[0])
		assert.Equal(t, len(f)-2, int(f[1]))
		assert.Equal(t, r.Code(), binary.BigEndian.Uint16(f[2:]))
	}
	long := closeFrame(&closeError{relay.ReasonPolicy, strings.Repeat("é", 100)})
	assert.LessOrEqual(t, len(long), 2+125)
	assert.True(t, utf8.Valid(long[4:]))
}

// reference reads frames with gobwas/ws's blocking reader and RFC 6455's rules written down once more, at leisure.
func reference(in []byte, rules rules) (out []byte, code uint16) {
	src := bytes.NewReader(in)
	var data []byte
	var deflated bool
	var op ws.OpCode
	fragments := 0
	for {
		at := len(in) - src.Len()
		h, err := ws.ReadHeader(src)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return out, 1002 // the top bit of the length
		}
		if err != nil {
			return out, 0xffff // cut within a header: nothing is said of it
		}
		size := ws.HeaderSize(h)
		compressed := h.Rsv == 4 && rules.inflate != nil && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary)
		if h.Rsv != 0 && !compressed || h.OpCode.IsReserved() || !h.Masked || len(in)-src.Len()-at != size ||
			h.OpCode.IsControl() && (!h.Fin || h.Length > 125) {
			return out, 1002
		}
		if !h.OpCode.IsControl() {
			if (op != 0) != (h.OpCode == ws.OpContinuation) {
				return out, 1002
			}
			if op == 0 {
				deflated = compressed
			}
			limit := testLimit
			if deflated {
				limit = deflate.Bound(testLimit)
			}
			if h.Length > int64(limit-len(data)) {
				return out, 1009
			}
			if fragments++; fragments > maxFragments {
				return out, 1009
			}
		}
		p := make([]byte, h.Length)
		if n, err := io.ReadFull(src, p); err != nil {
			p = p[:n]
			ws.Cipher(p, h.Mask, 0)
			if text := op == ws.OpText || op == 0 && h.OpCode == ws.OpText; text && !deflated && !h.OpCode.IsControl() && !prefixOfUTF8(append(data, p...)) {
				return out, 1007
			}
			return out, 0
		}
		ws.Cipher(p, h.Mask, 0)
		switch h.OpCode {
		case ws.OpPing:
			out = append(out, controlFrame(ws.OpPong, p)...)
			continue
		case ws.OpPong:
			continue
		case ws.OpClose:
			if err := checkClose(p); err != nil {
				return out, asCloseError(err).Reason.Code()
			}
			return append(out, controlFrame(ws.OpClose, p[:min(2, len(p))])...), 0
		}
		if op == 0 {
			op = h.OpCode
		}
		data = append(data, p...)
		if deflated && h.Fin {
			m, err := rules.inflated(op, data)
			if err != nil {
				return out, asCloseError(err).Reason.Code()
			}
			data = m.payload
		}
		if op == ws.OpText && (!deflated || h.Fin) && (h.Fin && !utf8.Valid(data) || !prefixOfUTF8(data)) {
			return out, 1007
		}
		if h.Fin {
			f := textFrame(data)
			f[0] = 0x80 | byte(op)
			out = append(out, f...)
			data, op, fragments = nil, 0, 0
		}
	}
}

// prefixOfUTF8 reports whether some continuation makes p valid.
func prefixOfUTF8(p []byte) bool {
	if utf8.Valid(p) {
		return true
	}
	for _, tail := range []string{"\x80", "\xbf", "\x80\x80", "\xbf\x80", "\x80\x80\x80", "\xbf\x80\x80", "\x90\x80\x80", "\xa0\x80", "\x90\x80"} {
		if utf8.Valid(append(bytes.Clone(p), tail...)) {
			return true
		}
	}
	return false
}

func FuzzReader(f *testing.F) {
	for _, c := range wireCases {
		if len(c.In) < 4096 {
			f.Add(unhex(c.In), uint64(1), false)
		}
	}
	for _, c := range deflateCases {
		f.Add(unhex(c.In), uint64(1), true)
	}
	f.Fuzz(func(t *testing.T, in []byte, seed uint64, deflated bool) {
		rules := plainRules
		if deflated {
			rules = deflateRules
		}
		want, wantCode := reference(in, rules)
		rnd := rand.New(rand.NewPCG(seed, 0))
		var pieces [][]byte
		for rest := in; len(rest) > 0; {
			n := 1 + rnd.IntN(len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		out, code := echo(t, pieces, rules)
		require.Equal(t, want, out)
		if wantCode == 0xffff { // the reader may see early that what was cut off is wrong
			require.Contains(t, []uint16{0, 1002}, code)
			return
		}
		require.Equal(t, wantCode, code)
	})
}
