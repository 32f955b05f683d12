package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	batchLines = 500       // per request
	batchBytes = 256 << 10 // per request, well below the relay's default max_body
	maxLine    = 16 << 20
)

// line is one event of a file, with its number for people.
type line struct {
	number int
	data   []byte
}

// lineReader reads the lines of an NDJSON file that are not blank.
type lineReader struct {
	scanner *bufio.Scanner
	number  int // of the last line read
	ahead   *line
}

func newLineReader(r io.Reader) *lineReader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), maxLine)
	return &lineReader{scanner: s}
}

// skip leaves out the first n lines.
func (lr *lineReader) skip(n int) error {
	for lr.number < n && lr.scanner.Scan() {
		lr.number++
	}
	return lr.err()
}

// next returns the next lines, at most batchLines and about batchBytes; none at the end.
func (lr *lineReader) next() ([]line, error) {
	var batch []line
	size := 0
	for len(batch) < batchLines {
		l := lr.take()
		if l == nil {
			return batch, lr.err()
		}
		if len(batch) > 0 && size+len(l.data) > batchBytes {
			lr.ahead = l
			break
		}
		batch = append(batch, *l)
		size += len(l.data) + 1
	}
	return batch, nil
}

func (lr *lineReader) take() *line {
	if l := lr.ahead; l != nil {
		lr.ahead = nil
		return l
	}
	for lr.scanner.Scan() {
		lr.number++
		data := lr.scanner.Bytes()
		if lr.number == 1 {
			data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		}
		if data = bytes.TrimSpace(data); len(data) > 0 {
			return &line{lr.number, bytes.Clone(data)}
		}
	}
	return nil
}

func (lr *lineReader) err() error {
	if err := lr.scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than 16MiB; is the file NDJSON, one event per line?", lr.number+1)
	} else if err != nil {
		return fmt.Errorf("after line %d: %w", lr.number, err)
	}
	return nil
}

// ndjson joins lines into a request body.
func ndjson(lines []line) []byte {
	var body []byte
	for _, l := range lines {
		body = append(append(body, l.data...), '\n')
	}
	return body
}
