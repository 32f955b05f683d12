package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"time"
)

// filePublisher sends the lines of one file.
type filePublisher struct {
	p     *publisher
	lines *lineReader
	tally tally
	show  display
	at    resume
}

func (a *app) publishFile(ctx context.Context, f *publishFlags, p *publisher) error {
	in, size, err := a.openInput(f.file)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer in.Close()
	counted := &countingReader{r: in}
	fp := &filePublisher{p: p, lines: newLineReader(counted), tally: tally{began: time.Now()}}
	fp.show = a.newDisplay(f, size, counted)
	p.notef = fp.show.notef
	err = fp.run(ctx, f.skip)
	fp.show.end()
	if !f.quiet {
		a.notef("%s", &fp.tally)
	}
	return fp.outcome(err)
}

// openInput opens the file, or standard input for "-". The size is -1 when it can't be known.
func (a *app) openInput(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(a.in), -1, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		f.Close()
		return nil, 0, err
	case info.IsDir():
		f.Close()
		return nil, 0, fmt.Errorf("%s is a folder", name)
	case !info.Mode().IsRegular():
		return f, -1, nil
	}
	return f, info.Size(), nil
}

func (fp *filePublisher) run(ctx context.Context, skip int) error {
	if err := fp.lines.skip(skip); err != nil {
		return err
	}
	fp.at.done = fp.lines.number
	for {
		batch, err := fp.lines.next()
		if len(batch) > 0 {
			if err := fp.sendAll(ctx, batch); err != nil {
				return err
			}
		}
		if err != nil || len(batch) == 0 {
			return err
		}
	}
}

// sendAll sends a batch until each of its lines is decided.
func (fp *filePublisher) sendAll(ctx context.Context, batch []line) error {
	wait, whole := fp.p.newWait(), batch
	for len(batch) > 0 {
		ans, err := fp.p.send(ctx, newRequest("application/x-ndjson", ndjson(batch)))
		if err != nil {
			if fp.p.inDoubt {
				fp.at.doubt = batch
			}
			return err
		}
		if ans.status == http.StatusRequestEntityTooLarge {
			return fp.sendSmaller(ctx, batch, ans)
		}
		results, err := ans.results(len(batch))
		if err != nil {
			return err
		}
		left, why := fp.settle(batch, results)
		fp.at.book(whole, left)
		if len(left) > 0 && len(left) < len(batch) {
			wait = fp.p.newWait() // the relay is busy, but gets on
		}
		if batch = left; len(batch) > 0 {
			if err := wait.next(ctx, why, ans.retryAfter()); err != nil {
				return err
			}
		}
	}
	return nil
}

// sendSmaller is for a relay whose max_body is below what we send.
func (fp *filePublisher) sendSmaller(ctx context.Context, batch []line, ans *answer) error {
	if len(batch) == 1 {
		fp.settle(batch, []result{{Status: ans.status, Detail: ans.refusal().Error()}})
		fp.at.book(batch, nil)
		return nil
	}
	half := len(batch) / 2
	if err := fp.sendAll(ctx, batch[:half]); err != nil {
		return err
	}
	return fp.sendAll(ctx, batch[half:])
}

var lineOfRequest = regexp.MustCompile(`^line \d+, `)

// settle books what was decided and returns the lines that were not, with the reason of the first.
func (fp *filePublisher) settle(batch []line, results []result) (left []line, why error) {
	for i, r := range results {
		if r.busy() {
			left = append(left, batch[i])
			if why == nil {
				why = fmt.Errorf("the relay answered %d %s: %s", r.Status, http.StatusText(r.Status), printable(r.Detail))
			}
			continue
		}
		r.Detail = lineOfRequest.ReplaceAllString(r.Detail, "") // its lines are the batch's, not the file's
		fp.tally.add(&r)
		fp.show.result(batch[i].number, &r, &fp.tally)
	}
	return left, why
}

// outcome turns how it ended into the exit code, and tells how to go on.
func (fp *filePublisher) outcome(err error) error {
	if err == nil {
		if fp.tally.notTaken() > 0 {
			return &exitError{code: exitNotAccepted}
		}
		return nil
	}
	code := exitFailed
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
	}
	return &exitError{code, fp.at.stopped(err)}
}

// countingReader counts what was read, for the progress bar.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// printResult prints a result for --json.
func printResult(w io.Writer, number int, r *result) {
	_ = json.NewEncoder(w).Encode(struct {
		Line int `json:"line"`
		*result
	}{number, r})
}
