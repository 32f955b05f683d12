package ingest

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"time"
)

// read reads the body, bounded in bytes and time. Memory grows with the bytes that came, not with those promised.
func (x *exchange) read() *problem {
	limit := int64(x.h.opts.MaxBody)
	if x.r.ContentLength > limit {
		return x.tooLarge()
	}
	x.body = x.body[:0]
	if !x.unread {
		return nil
	}
	// Not every server behind this Handler has deadlines, and those in tests need none.
	control := http.NewResponseController(x.w)
	_ = control.SetReadDeadline(x.now.Add(x.h.opts.BodyTimeout))
	body := io.Reader(x.r.Body) // holds what its Content-Length says, at most
	if x.r.ContentLength < 0 {
		body = http.MaxBytesReader(x.w, x.r.Body, limit)
	}
	err := x.fill(body)
	x.h.stats.bodyBytes.Add(uint64(len(x.body)))
	if err != nil {
		return x.cut(err)
	}
	x.unread = false
	_ = control.SetReadDeadline(time.Time{}) // or the server would take the passing of it for the end of the connection
	return nil
}

// fill reads r into body, to its end.
func (x *exchange) fill(r io.Reader) error {
	for {
		if len(x.body) == cap(x.body) {
			x.body = slices.Grow(x.body, x.room())
		}
		n, err := r.Read(x.body[len(x.body):cap(x.body)])
		x.body = x.body[:len(x.body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// room is how much the body buffer grows: it doubles, up to what was promised.
func (x *exchange) room() int {
	room := max(4096, len(x.body))
	if promised := int(x.r.ContentLength) - len(x.body); promised > 0 {
		room = min(room, promised)
	}
	return room
}

// cut says why a body did not arrive whole.
func (x *exchange) cut(err error) *problem {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return x.tooLarge()
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{status: http.StatusRequestTimeout, detail: "the body did not arrive within " + x.h.opts.BodyTimeout.String()}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return badRequest("the body ends before it is complete; nothing was published")
	}
	return badRequest("the body could not be read; nothing was published: " + err.Error())
}

func (x *exchange) tooLarge() *problem {
	return &problem{
		status: http.StatusRequestEntityTooLarge,
		detail: "the body is larger than " + x.h.opts.MaxBody.String() + " (publish.max_body); send less, or smaller batches",
	}
}

// small is a body that probably came with the headers: net/http reads over it, and the connection can be kept.
const small = 4096

// giveUp tells the server that the rest of the body will not be read. Left alone, it would wait for up to 256 KiB of it.
func (x *exchange) giveUp() {
	control := http.NewResponseController(x.w)
	if n := x.r.ContentLength; n > 0 && n <= min(small, int64(x.h.opts.MaxBody)) && x.r.Header.Get("Expect") == "" && len(x.body) == 0 {
		_ = control.SetReadDeadline(time.Now().Add(time.Second))
		return
	}
	_ = control.SetReadDeadline(time.Unix(1, 0))
	x.w.Header().Set("Connection", "close")
	// A MaxBytesReader that was passed makes the server end the connection in the manner of RFC 9112 §9.6: it sends FIN
	// and lingers, so that the peer can read the answer before its own bytes are answered with a reset.
	_, _ = http.MaxBytesReader(x.w, io.NopCloser(endless{}), 0).Read(make([]byte, 1))
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
