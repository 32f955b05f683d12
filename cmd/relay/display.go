package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// maxNamed is how many lines that were not accepted are named; the summary counts them all.
const maxNamed = 10

// display shows how publishing a file goes: a progress bar on a terminal, and the lines that were not accepted.
type display struct {
	a      *app
	read   *countingReader
	bar    *progressbar.ProgressBar // nil when nobody watches
	asJSON bool
	named  *int
}

func (a *app) newDisplay(f *publishFlags, size int64, read *countingReader) display {
	d := display{a: a, read: read, asJSON: f.asJSON, named: new(int)}
	if isTerminal(a.err) && !f.quiet {
		d.bar = newBar(a.err, size)
	}
	return d
}

func newBar(w io.Writer, size int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(w),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(30),
	)
}

// result shows one result: on standard output for --json, on standard error if it is bad news.
func (d display) result(number int, r *result, t *tally) {
	if d.asJSON {
		printResult(d.a.out, number, r)
	}
	if !r.taken() && *d.named < maxNamed {
		*d.named++
		d.notef("line %d: %s", number, r)
		if *d.named == maxNamed {
			d.notef("further lines that are not accepted are only counted; --json shows all")
		}
	}
	if d.bar != nil {
		d.bar.Describe(fmt.Sprintf("%d events, %.0f/s", t.total, t.rate()))
		_ = d.bar.Set64(d.read.n) // a bar that can't be drawn is no reason to stop
	}
}

// notef tells the user something without tearing the bar.
func (d display) notef(format string, args ...any) {
	if d.bar != nil {
		_ = d.bar.Clear()
	}
	d.a.notef(format, args...)
}

func (d display) end() {
	if d.bar != nil {
		_ = d.bar.Clear()
		_ = d.bar.Exit()
	}
}
