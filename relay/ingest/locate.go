package ingest

import (
	"bytes"
	"unicode/utf8"
)

// locator turns offsets into places. Offsets that rise cost one walk over the data in all, so that a batch of broken
// items is no more work than its bytes.
type locator struct {
	data               []byte
	offset             int
	newlines, position int // in the lines before offset, and in its line
}

// at returns the place of offset, which is not below that of the call before.
func (l *locator) at(offset int) place {
	passed := l.data[l.offset:offset]
	if i := bytes.LastIndexByte(passed, '\n'); i >= 0 {
		l.newlines += bytes.Count(passed, []byte{'\n'})
		l.position = 0
		passed = passed[i+1:]
	}
	// A character cut in two by the last offset would count twice; offsets of faults are never inside one.
	l.position += utf8.RuneCount(passed)
	l.offset = offset
	return place{l.newlines + 1, l.position + 1, offset}
}
