package plugins

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	"eventrelay/sdk/abi"
)

// How to tell a line that a filter wrote from what relay says about it: the message, and the attribute with the text.
const (
	LogMessage = "filter says"
	LogText    = "text"
)

// Limits on what guests may write to the log.
const (
	maxLinesPerSecond = 100 // of one filter, over all lanes; limits.log_rate bounds their bytes
	maxLinesPerCall   = 64  // limits.log bounds their bytes
)

// guestLog is the log of one instance: it makes lines of what the guest logs or prints, cuts and escapes them, and
// counts them against the limits. Owned by the instance's caller.
type guestLog struct {
	plugin *plugin
	limits *Limits
	out    [2]lineBuffer // standard output and standard error
	lines  int           // in this call
	bytes  int           // in this call
}

// lineBuffer is a line that is not ended yet.
type lineBuffer struct {
	level abi.Level
	text  []byte
}

// begin begins a call.
func (l *guestLog) begin() { l.lines, l.bytes = 0, 0 }

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
	text = text[:min(len(text), maxLogLine)]
	l.lines, l.bytes = l.lines+1, l.bytes+len(text)
	if l.lines > maxLinesPerCall || l.bytes > int(l.limits.Log) {
		l.plugin.stats.suppressed.Add(1)
		return
	}
	if len(text) == 0 {
		return // Go's panics print some; in a log they say nothing
	}
	l.plugin.guestLine(slogLevel(level), text, int(l.limits.LogRate))
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

// rate counts amounts up to a limit in each second.
type rate struct {
	mu    sync.Mutex
	until time.Time
	count int
}

// allow reports whether n more are allowed in this second, and whether they are the first that are not.
func (r *rate) allow(n, limit int) (ok, first bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.After(r.until) {
		r.until, r.count = now.Add(time.Second), 0
	}
	before := r.count
	r.count += n
	return r.count <= limit, before <= limit && r.count > limit
}

// Stack traces are indented by tabs, which would be escaped.
var tab, spaces = []byte("\t"), []byte("    ")

// guestLine writes a guest's line. It says once a second that it stops writing more.
func (p *plugin) guestLine(level slog.Level, text []byte, bytesPerSecond int) {
	if !p.log.Enabled(context.Background(), level) {
		return
	}
	fewLines, firstLine := p.lineRate.allow(1, maxLinesPerSecond)
	fewBytes, firstByte := p.logBytes.allow(len(text), bytesPerSecond)
	if firstLine || firstByte {
		p.log.Warn("filter logs too much; what follows within this second is counted, not written",
			"lines_per_second", maxLinesPerSecond, "bytes_per_second", bytesPerSecond)
	}
	if !fewLines || !fewBytes {
		p.stats.suppressed.Add(1)
		return
	}
	p.log.Log(context.Background(), level, LogMessage, LogText, clean(bytes.ReplaceAll(text, tab, spaces), maxLogLine))
}
