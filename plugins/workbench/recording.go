package workbench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// Recording reads events one a line, one by one, however many there are: items of a batch as `relay publish --file` takes
// them, what `relay subscribe --record` or `--envelope` writes, and lines of `relay plugin quarantine`.
type Recording struct {
	file  string
	lines *bufio.Scanner
	line  int
	now   func() time.Time // of events that say no time
}

// maxLine is the longest line: an event of a few megabytes, escaped.
const maxLine = 64 << 20

// NewRecording reads from r, which errors call file. now gives the time of events that say none; nil is a fixed time.
func NewRecording(file string, r io.Reader, now func() time.Time) *Recording {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), maxLine)
	if now == nil {
		now = func() time.Time { return epoch }
	}
	return &Recording{file: file, lines: s, now: now}
}

// Line returns the number of the line that Next read.
func (r *Recording) Line() int { return r.line }

// Next returns the next event and, of one in a quarantine, the cause and the hook; io.EOF after the last.
// A *FileError says which line is no event; the next call goes on behind it.
func (r *Recording) Next() (*Recorded, error) {
	for r.lines.Scan() {
		r.line++
		text := r.lines.Bytes()
		if r.line == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		e, f := readRecorded(text, r.now())
		if f != nil {
			return nil, f.in(r.file, text, r.line)
		}
		return e, nil
	}
	switch err := r.lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%w: %w", ErrRecording, &FileError{File: r.file, Line: r.line + 1, Problem: "the line is longer than 64MiB; is the file NDJSON, one event a line?"})
	case err != nil:
		return nil, fmt.Errorf("%w: %s: after line %d: %w", ErrRecording, r.file, r.line, err)
	}
	return nil, io.EOF
}

// ErrRecording is returned when a recording cannot be read any further.
var ErrRecording = errors.New("recording")

// Recorded is an event of a recording. Of one in a quarantine, the filter failed on it for a Cause, and it may be what
// the filter was asked by a hook.
type Recorded struct {
	Event       *relay.Event
	Hook, Cause string
}

// ReadEvent reads one event: an item of a batch, or an envelope.
func ReadEvent(text []byte) (*relay.Event, error) {
	r, f := readRecorded(text, epoch)
	if f != nil {
		return nil, f.in("event", text, 1)
	}
	return r.Event, nil
}

var quarantineKeys = []string{"plugin", "time", "cause", "error", "functions", "fuel", "module", "version", "hook", "event"}

func readRecorded(text []byte, now time.Time) (*Recorded, *fault) {
	n, f := document(text)
	if f != nil {
		return nil, f
	}
	r := &Recorded{}
	inner := n
	f = n.each("an event", func(key string, v node) (f *fault) {
		switch key {
		case "event":
			inner = v
		case "plugin":
			_, f = v.text(key)
		case "cause":
			r.Cause, f = v.text(key)
		case "hook":
			if r.Hook, f = readHook(v); f == nil && r.Hook == "connect" {
				f = faultf(v.at, "%v", plugins.ErrNotKept)
			}
		}
		return f
	})
	if f == nil && inner.at != n.at {
		f = n.members("a line of a quarantine", quarantineKeys, func(string, node) *fault { return nil })
	}
	if f == nil {
		r.Event, f = readEvent(inner, r.Hook, now)
	}
	if f != nil {
		return nil, f
	}
	return r, nil
}
