package deflate

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// compress is RFC 7692 §7.2.1 by the standard library, with a flush after each piece.
func compress(t testing.TB, level int, pieces ...[]byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	require.NoError(t, err)
	for _, p := range pieces {
		_, err := w.Write(p)
		require.NoError(t, err)
		require.NoError(t, w.Flush())
	}
	return b.Bytes()[:b.Len()-4]
}

func TestInflate(t *testing.T) {
	const limit = 1000
	for _, tc := range []struct {
		name, in string
		want     string
		err      error
	}{
		{"RFC 7692 7.2.3.1", "f2 48 cd c9 c9 07 00", "Hello", nil},
		{"7.2.3.3, not compressed", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello", nil},
		{"7.2.3.4, a last block", "f3 48 cd c9 c9 07 00 00", "Hello", nil},
		{"a last block, and no byte after it", "f3 48 cd c9 c9 07 00", "Hello", nil},
		{"7.2.3.5, two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello", nil},
		{"two last blocks", "f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00", "HelloHello", nil},
		{"7.2.3.6, nothing", "00", "", nil},
		{"not even that", "", "", nil},
		{"nothing, ended", "03 00", "", nil},
		{"the flush's end was not left out", "f2 48 cd c9 c9 07 00 00 00 ff ff 00", "Hello", nil},
		{"reserved block type", "07", "", ErrCorrupt},
		{"garbage", "ff ff ff ff ff", "", ErrCorrupt},
		{"cut in a block", "f2 48 cd c9", "", ErrCorrupt},
		{"cut in a stored block", "00 05 00 fa ff 48 65", "", ErrCorrupt},
		{"no flush at the end", "00 05 00 fa ff 48 65 6c 6c 6f", "", ErrCorrupt},
		{"stored length that does not match", "00 05 00 fb ff 48 65 6c 6c 6f 00", "", ErrCorrupt},
		{"a reference before the beginning", "4a 04 02 00", "", ErrCorrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := NewPool(1)
			for range 2 { // whatever came before
				out, err := p.Inflate(unhex(tc.in), limit)
				require.ErrorIs(t, err, tc.err)
				if tc.err == nil {
					require.Equal(t, tc.want, string(out))
				}
			}
			out, err := p.Inflate(unhex("f2 48 cd c9 c9 07 00"), limit)
			require.NoError(t, err)
			require.Equal(t, "Hello", string(out))
		})
	}
}

func TestInflate_Limit(t *testing.T) {
	p := NewPool(1)
	for n, want := range map[int]error{0: nil, 1: nil, 99: nil, 100: nil, 101: ErrTooBig, 1e6: ErrTooBig} {
		_, err := p.Inflate(compress(t, 6, make([]byte, n)), 100)
		assert.ErrorIs(t, err, want, n)
	}
}

// A bomb costs its limit and no more, however it is built.
func TestInflate_Bombs(t *testing.T) {
	const limit = 64 << 10
	megabyte := append(compress(t, 9, make([]byte, 1<<20)), 0, 0, 0xff, 0xff)
	big := append(bytes.Repeat(megabyte, 512), 0)
	require.InDelta(t, 512<<10, len(big), 16<<10)

	bombs := map[string]struct {
		in   []byte
		want error
	}{
		"512 KiB of 512 MiB":            {big, ErrTooBig},
		"a last block for each byte":    {bytes.Repeat(unhex("4b 04 00"), Bound(limit)/3), nil},
		"flush points that say nothing": {append(bytes.Repeat(unhex("00 00 00 ff ff"), Bound(limit)/5), 0), nil},
		"last blocks that say nothing":  {append(bytes.Repeat(unhex("03 00"), Bound(limit)/2), 0), nil},
		"last stored blocks":            {append(bytes.Repeat(unhex("01 00 00 ff ff"), Bound(limit)/5), 0), nil},
	}
	p := NewPool(1)
	_, _ = p.Inflate(big, limit) // buffers have grown
	for name, b := range bombs {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := p.Inflate(b.in, limit)
			runtime.ReadMemStats(&after)
			assert.ErrorIs(t, err, b.want)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2*len(b.in)+4*limit), "what has come, and the limit")
		})
	}
	f := <-p.idle
	assert.LessOrEqual(t, cap(f.in)+cap(f.out), 2*keep)
}

func TestInflate_ReadsWhatCompressorsMake(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := NewPool(2)
	for range 300 {
		var pieces [][]byte
		for range 1 + rng.IntN(4) {
			piece := make([]byte, rng.IntN(5000))
			for i := range piece {
				piece[i] = byte(rng.IntN(1 + rng.IntN(256)))
			}
			pieces = append(pieces, piece)
		}
		want := bytes.Join(pieces, nil)
		z := compress(t, rng.IntN(10), pieces...)
		require.LessOrEqual(t, len(z), Bound(len(want))+5*len(pieces))
		got, err := p.Inflate(z, len(want))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
		if len(want) > 0 {
			_, err = p.Inflate(z, len(want)-1)
			require.ErrorIs(t, err, ErrTooBig)
		}
	}
}

func TestPool_Hammer(t *testing.T) {
	p := NewPool(2)
	var wg sync.WaitGroup
	for i := range 8 {
		want := strings.Repeat(string(rune('a'+i)), 1000)
		z := compress(t, 1, []byte(want))
		wg.Go(func() {
			for range 200 {
				got, err := p.Inflate(z, 1000)
				assert.NoError(t, err)
				assert.Equal(t, want, string(got))
			}
		})
	}
	wg.Wait()
	assert.Len(t, p.idle, 2)
}

func BenchmarkInflate(b *testing.B) {
	msg := bytes.Repeat([]byte(`{"id":1,"sku":"A-00001","price":12.50},`), 26)
	z := compress(b, 6, msg)
	p := NewPool(1)
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Inflate(z, 64<<10)
	}
}

// FuzzInflate holds what inflates against the standard library, and the bounds against everything.
func FuzzInflate(f *testing.F) {
	for _, s := range []string{
		"f2 48 cd c9 c9 07 00", "00 05 00 fa ff 48 65 6c 6c 6f 00", "f3 48 cd c9 c9 07 00 00", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "00", "", "03 00", "07", "01 00 00 ff ff",
	} {
		f.Add(unhex(s))
	}
	f.Add(compress(f, 9, make([]byte, 100_000)))
	f.Add(compress(f, 6, []byte(`{"a":[1,2,3],"b":"some text, some more text"}`)))
	const limit = 4096
	pool := NewPool(1)
	f.Fuzz(func(t *testing.T, in []byte) {
		kept := bytes.Clone(in)
		got, err := pool.Inflate(in, limit)
		require.Equal(t, kept, in, "the payload is not ours to change")
		require.LessOrEqual(t, len(got), limit)
		want, wantErr := reference(in, limit)
		require.Equal(t, wantErr, err)
		if err == nil {
			require.Equal(t, string(want), string(got))
		}
	})
}

// reference inflates with the standard library, at leisure.
func reference(in []byte, limit int) ([]byte, error) {
	if len(in) == 0 {
		return nil, nil
	}
	src := bytes.NewReader(append(bytes.Clone(in), tail...))
	var out []byte
	for {
		p, err := io.ReadAll(io.LimitReader(flate.NewReader(src), int64(limit+1-len(out))))
		out = append(out, p...)
		switch {
		case len(out) > limit:
			return nil, ErrTooBig
		case err != nil:
			return nil, ErrCorrupt
		case src.Len() == 0 || src.Len() == len(tail):
			return out, nil
		}
	}
}
