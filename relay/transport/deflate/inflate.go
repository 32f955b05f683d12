package deflate

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

var (
	// ErrTooBig is returned when a message inflates to more than its limit.
	ErrTooBig = errors.New("message inflates to more than its limit")
	// ErrCorrupt is returned when a message is not what RFC 7692 §7.2.1 makes.
	ErrCorrupt = errors.New("message is not valid DEFLATE")
)

// Bound returns how long the compressed form of at most n bytes may be: what zlib needs at worst (deflateBound). A longer
// one holds blocks that say nothing.
func Bound(n int) int { return n + n>>3 + n>>6 + 64 }

// Pool holds a few inflaters, of about 40 KiB each. A message is inflated in one go when all of it has come, so an
// inflater belongs to a call, never to a connection. Safe for concurrent use.
type Pool struct {
	idle chan *inflater // nil ones are not made yet; never closed
}

// NewPool returns a Pool in which at most n calls inflate at a time; others wait.
func NewPool(n int) *Pool {
	p := &Pool{idle: make(chan *inflater, n)}
	for range n {
		p.idle <- nil
	}
	return p
}

// Inflate returns what the payload of a compressed message inflates to, in a slice of its own. The work is bounded by
// limit and the length of the payload, which the caller bounds by Bound. The error is ErrTooBig or ErrCorrupt.
func (p *Pool) Inflate(payload []byte, limit int) ([]byte, error) {
	f := <-p.idle
	defer func() { p.idle <- f }()
	if f == nil {
		f = new(inflater)
		f.z = flate.NewReader(&f.src)
	}
	out, err := f.inflate(payload, limit)
	out = bytes.Clone(out)
	f.rest()
	return out, err
}

type inflater struct {
	z       io.ReadCloser // also a flate.Resetter
	src     bytes.Reader
	in, out []byte
}

// tail completes a message: the four bytes that its sender left out (RFC 7692 §7.2.2), and a last block, which is empty,
// so that an end within a block shows.
const tail = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

func (f *inflater) inflate(payload []byte, limit int) ([]byte, error) {
	if len(payload) == 0 { // RFC 7692 §7.2.3.6 makes one byte of nothing, but some make nothing
		return nil, nil
	}
	f.in = append(append(f.in, payload...), tail...)
	f.src.Reset(f.in)
	for {
		if err := f.z.(flate.Resetter).Reset(&f.src, nil); err != nil {
			return nil, ErrCorrupt
		}
		if err := f.stream(limit); err != nil {
			return nil, err
		}
		// A sender may end blocks with BFINAL (§7.2.3.4); what follows is read anew. Some then forget the last byte.
		if left := f.src.Len(); left == 0 || left == len(tail) {
			return f.out, nil
		}
	}
}

// stream inflates up to a last block.
func (f *inflater) stream(limit int) error {
	for {
		if len(f.out) == cap(f.out) {
			f.out = append(f.out, 0)[:len(f.out)]
		}
		n, err := f.z.Read(f.out[len(f.out):min(cap(f.out), limit+1)])
		f.out = f.out[:len(f.out)+n]
		switch {
		case len(f.out) > limit:
			return ErrTooBig
		case err == io.EOF: //nolint:errorlint // as io.Reader has it
			return nil
		case err != nil:
			return ErrCorrupt
		}
	}
}

// keep is the largest buffer that an idle inflater holds.
const keep = 256 << 10

func (f *inflater) rest() {
	f.src.Reset(nil)
	f.in, f.out = trim(f.in), trim(f.out)
}

func trim(b []byte) []byte {
	if cap(b) > keep {
		return nil
	}
	return b[:0]
}
