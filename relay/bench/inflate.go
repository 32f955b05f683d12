package bench

import (
	"bytes"
	"compress/flate"
	"fmt"
	"hash/maphash"
	"io"
)

// inflater finds the events in deflated messages (RFC 7692 without context takeover). Such messages are equal for all
// subscribers, so what was found in one is remembered by its bytes, and inflating does not slow the client down.
type inflater struct {
	seed   maphash.Seed
	recent []remembered
	reader io.ReadCloser
	text   bytes.Buffer
}

// remembered is a message and the events in it.
type remembered struct {
	message []byte
	marks   []mark
}

const (
	// remember is how many messages are remembered: more than are commonly in flight at once.
	remember = 1024
	// maxRemembered is how large they may be.
	maxRemembered = 64 << 10
)

// tail ends a message for the reader: the four bytes that RFC 7692 §7.2.1 takes off, and an empty last block.
const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// marks returns the events in a deflated message. They are valid until the next call.
func (f *inflater) marks(s *scanner, message []byte) ([]mark, error) {
	if f.recent == nil {
		f.seed, f.recent = maphash.MakeSeed(), make([]remembered, remember)
	}
	r := &f.recent[maphash.Bytes(f.seed, message)%remember]
	if len(message) > 0 && bytes.Equal(r.message, message) {
		return r.marks, nil
	}
	text, err := f.inflate(message)
	if err != nil {
		r.message = r.message[:0]
		return nil, err
	}
	r.message = append(r.message[:0], message...)
	r.marks = r.marks[:0]
	for at := s.index(text); at >= 0; at = s.index(text) {
		r.marks = append(r.marks, readMark(text[at+markerLen:]))
		text = text[at+markLen:]
	}
	if len(r.marks) == 0 || len(message) > maxRemembered {
		r.message = nil
	}
	return r.marks, nil
}

func (f *inflater) inflate(message []byte) ([]byte, error) {
	in := io.MultiReader(bytes.NewReader(message), bytes.NewReader([]byte(tail)))
	if f.reader == nil {
		f.reader = flate.NewReader(in)
	} else if err := f.reader.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, err
	}
	f.text.Reset()
	n, err := io.Copy(&f.text, io.LimitReader(f.reader, maxMessage+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("inflate a message: %w", err)
	case n > maxMessage:
		return nil, fmt.Errorf("a message that inflates to more than 16 MiB")
	}
	return f.text.Bytes(), nil
}
