package broadcaster

import (
	"github.com/klauspost/compress/flate"
)

// deflated is an event's body, compressed. As no message refers to an earlier one (RFC 7692 §7.1.1,
// server_no_context_takeover), it is the same for all clients.
type deflated struct {
	body []byte // empty: it goes uncompressed
	done bool
}

// deflatedBody returns ev's compressed body for f, made by the first caller, or nil when it goes uncompressed: because
// f is not deflated, or the body is small or would not shrink.
func (ev *event) deflatedBody(f *feed, s *Shard) []byte {
	if !f.form.IsDeflated() {
		return nil
	}
	ev.deflating.Lock()
	defer ev.deflating.Unlock()
	z := &ev.deflated[f.form.Inflated()]
	if !z.done {
		z.done = true
		z.body = s.deflate(z.body[:0], ev.body(f, s.b))
		s.b.stats.encoded.Add(int64(len(z.body)))
	}
	if len(z.body) == 0 {
		return nil
	}
	return z.body
}

// deflate appends p, compressed, to b, which is empty; or nothing if that is not worth it.
func (s *Shard) deflate(b, p []byte) []byte {
	if len(p) < int(s.b.opts.Compression.MinSize) {
		return b
	}
	z := s.deflater.append(b, p, s.b.opts.Compression.Level)
	st := &s.b.stats
	st.deflates.Add(1)
	st.deflateIn.Add(uint64(len(p)))
	st.deflateOut.Add(uint64(len(z)))
	if len(z)+storedOverhead >= len(p) {
		return z[:0]
	}
	return z
}

// deflater is a shard's compressor. It is most of a megabyte, so there is one per loop, from the first time that it is
// needed, and never one per connection. The zero value is ready. Owned by the shard's loop.
type deflater struct {
	w   *flate.Writer
	out []byte
}

// append appends p to b, compressed as RFC 7692 §7.2.1 has it: flushed to a byte boundary by an empty stored block, of
// which the last four bytes are left out.
func (d *deflater) append(b, p []byte, level int) []byte {
	d.out = b
	if d.w == nil {
		w, err := flate.NewWriter(d, level)
		if err != nil {
			panic("BUG: unchecked level: " + err.Error())
		}
		d.w = w
	} else {
		d.w.Reset(d)
	}
	_, _ = d.w.Write(p) // the writer below does not fail
	_ = d.w.Flush()
	b, d.out = d.out, nil
	return b[:len(b)-4]
}

// Write takes what the compressor puts out.
func (d *deflater) Write(p []byte) (int, error) {
	d.out = append(d.out, p...)
	return len(p), nil
}
