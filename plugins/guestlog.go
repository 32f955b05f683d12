package plugins

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	"eventrelay/sdk/abi"
)

// Limits on what guests may write to the log.
const (
	maxLinesPerSecond = 100 // of one filter, over all lanes
	maxLinesPerCall   = 64
)

// guestLog is the log of one instance: it makes lines of what the guest logs or prints, cuts and escapes them, and
// counts them against the limits. Owned by the instance's caller.
type guestLog struct {
	plugin *plugin
	out    [2]lineBuffer // standard output and standard error
	lines  int           // in this call
}

// lineBuffer is a line that is not ended yet.
type lineBuffer struct {
	level abi.Level
	text  []byte
}

// begin begins a call.
func (l *guestLog) begin() { l.lines = 0 }

// end ends a call: a line that the guest has not ended ends with it.
func (l *guestLog) end() {
	for i := range l.out {
		if b := &l.out[i]; len(b.text) > 0 {
			l.line(b.level, b.text)
			b.text = b.text[:0]
		}
	}
}

// write takes bytes of standard output (LevelInfo) or standard error (LevelWarn).
func (l *guestLog) write(level abi.Level, p []byte) {
	b := &l.out[level-abi.LevelInfo]
	b.level = level
	for {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		b.text = append(b.text, line[:min(len(line), maxLogLine-len(b.text))]...)
		if !ended {
			return
		}
		l.line(level, b.text)
		b.text, p = b.text[:0], rest
	}
}

// line writes one line to the relay's log, or counts it as suppressed.
func (l *guestLog) line(level abi.Level, text []byte) {
	l.lines++
	if l.lines > maxLinesPerCall {
		l.plugin.stats.suppressed.Add(1)
		return
	}
	if len(text) == 0 {
		return // Go's panics print some; in a log they say nothing
	}
	l.plugin.guestLine(slogLevel(level), text)
}

func slogLevel(l abi.Level) slog.Level {
	switch l {
	case abi.LevelDebug:
		return slog.LevelDebug
	case abi.LevelWarn:
		return slog.LevelWarn
	case abi.LevelError:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// rate counts up to a limit in each second.
type rate struct {
	mu    sync.Mutex
	until time.Time
	count int
}

// allow reports whether one more is allowed in this second, and whether it is the first that is not.
func (r *rate) allow(limit int) (ok, first bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.After(r.until) {
		r.until, r.count = now.Add(time.Second), 0
	}
	r.count++
	return r.count <= limit, r.count == limit+1
}

// Stack traces are indented by tabs, which would be escaped.
var tab, spaces = []byte("\t"), []byte("    ")

// guestLine writes a guest's line. It says once a second that it stops writing more.
func (p *plugin) guestLine(level slog.Level, text []byte) {
	if !p.log.Enabled(context.Background(), level) {
		return
	}
	ok, first := p.lineRate.allow(maxLinesPerSecond)
	if first {
		p.log.Warn("filter logs too much; what follows within this second is counted, not written", "most_per_second", maxLinesPerSecond)
	}
	if !ok {
		p.stats.suppressed.Add(1)
		return
	}
	p.log.Log(context.Background(), level, "filter says", "text", clean(bytes.ReplaceAll(text, tab, spaces), maxLogLine))
}
