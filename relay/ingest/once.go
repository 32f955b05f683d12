package ingest

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxRepeatKey is the longest Idempotency-Key, in bytes.
const maxRepeatKey = 255

// once publishes, or answers again what was answered to the same Idempotency-Key.
func (x *exchange) once() answer {
	values := x.r.Header["Idempotency-Key"]
	if len(values) == 0 {
		return x.publish()
	}
	if rule := checkRepeatKey(values); rule != "" {
		return x.refuse(badRequest("Idempotency-Key " + rule))
	}
	met, known := x.h.repeats.claim(x.repeatKey(values[0]), x.fingerprint(), x.now)
	if int(met) < len(x.h.stats.repeats) {
		x.h.stats.repeats[met].Add(1)
	}
	switch met {
	case replayed:
		a := known.answer
		a.replayed = true
		return a
	case firstTime:
		return x.claimed(known)
	}
	return x.refuse(repeatProblem(met))
}

// claimed publishes under a claimed key. A peer that goes away does not stop it half-way, as it will ask again.
func (x *exchange) claimed(p *repeat) answer {
	defer x.h.repeats.drop(p) // also when the publisher panics
	x.ctx = context.WithoutCancel(x.ctx)
	a := x.publish()
	if x.passed {
		x.h.repeats.keep(p, a, time.Now())
	}
	return a
}

func repeatProblem(met repetition) *problem {
	switch met {
	case inFlight:
		return &problem{status: http.StatusConflict, detail: "a request with this Idempotency-Key is being served; ask again for its answer"}
	case mismatch:
		return &problem{status: http.StatusUnprocessableEntity, detail: "this Idempotency-Key was used for another request; use a new key for each event"}
	}
	return &problem{status: http.StatusTooManyRequests, detail: "too many requests with an Idempotency-Key are being served"}
}

// checkRepeatKey returns the rule that the header's values break, or "".
func checkRepeatKey(values []string) string {
	switch v := values[0]; {
	case len(values) > 1:
		return "is given twice"
	case v == "" || v == `""`:
		return "is empty"
	case len(v) > maxRepeatKey:
		return "is longer than 255 bytes"
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }):
		return "holds other characters than printable ASCII"
	}
	return ""
}

// repeatKey tells the keys of different publishers apart: by what they show, or else by their address.
func (x *exchange) repeatKey(value string) (key repeatKey) {
	// The draft has the key in double quotes, and many clients leave them out.
	if inside, ok := strings.CutPrefix(value, `"`); ok {
		value = strings.TrimSuffix(inside, `"`)
	}
	sum := sha256.New()
	who := append(slices.Clone(x.r.Header["Authorization"]), x.r.Header["X-Api-Key"]...)
	if len(who) == 0 {
		who = []string{x.r.RemoteAddr[:max(0, strings.LastIndexByte(x.r.RemoteAddr, ':'))]}
	}
	for _, part := range append(who, value) {
		write(sum, part)
	}
	sum.Sum(key[:0])
	return key
}

// fingerprint tells requests apart that ask for different things.
func (x *exchange) fingerprint() (f fingerprint) {
	sum := sha256.New()
	write(sum, x.r.URL.EscapedPath())
	write(sum, x.r.URL.RawQuery)
	write(sum, x.r.Header.Get("Content-Type"))
	if x.binaryEvent() {
		for _, name := range slices.Sorted(maps.Keys(x.r.Header)) {
			if strings.HasPrefix(name, ceHeader) {
				write(sum, name)
				write(sum, strings.Join(x.r.Header[name], "\n"))
			}
		}
	}
	sum.Write(x.body)
	sum.Sum(f[:0])
	return f
}

// write adds one part to sum. The byte after it keeps two parts from being read as two others: no header or path holds it.
func write(sum hash.Hash, part string) {
	_, _ = io.WriteString(sum, part)
	_, _ = sum.Write([]byte{0})
}
