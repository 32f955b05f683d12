package bench

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrPlatform is returned by Run where there is no client.
var ErrPlatform = errors.New("bench needs Linux: its client is one epoll loop, so that the server is what is measured; run it on a Linux machine (the server may be elsewhere)")

// OptionsError is returned when the options can't be run. Each line names an option as the command line has it.
type OptionsError struct{ Faults []string }

func (e *OptionsError) Error() string { return strings.Join(e.Faults, "\n") }

// Options say what to run. Zero fields mean the defaults.
type Options struct {
	URL        string // where subscribers connect; {topic} is replaced, or else, with several topics, a topic in the query
	PublishURL string // where events go: ws for frames over the publishers' sockets, http for POST. Default: URL

	Connections int // subscribers. Default 1000, with Ingest 0
	Publishers  int // Default 1
	Topics      int // Default 1

	Rate     float64 // events per second, as they are due; 0: closed loop
	InFlight int     // of a closed loop: events that not every subscriber has yet. Default 1
	Batch    int     // events per request, as NDJSON. Default 1: no batches
	Size     int     // of the payload in bytes. Default 128
	Warmup   time.Duration
	Duration time.Duration

	Hello        []string // text messages sent after the handshake; {topic} is replaced
	PublishHello []string // the same for publishers. nil: Hello
	Answers      []string // "PING=PONG": the text message PONG is sent whenever the message PING comes
	PublishFrame string   // what is sent for an event; {payload}, {size}, {topic} are replaced. Default {payload}
	Binary       bool     // publish binary messages

	Subprotocol     string
	SubscribeHeader http.Header // of subscribers' handshakes
	PublishHeader   http.Header // of publishers' handshakes and requests

	Stuck    float64 // the share of subscribers, 0 to 1, that never read
	Slow     float64 // the share that reads SlowRate
	SlowRate int     // bytes per second. Default 16 KiB
	Deflate  float64 // the share that offers permessage-deflate

	Idle   bool // only connect and hold
	Ingest bool // only publish

	PIDs  []int // of the server
	Sleep bool  // wait in the kernel instead of spinning

	Progress func(Progress) // called twice a second from within the loop; it must not block

	quiet time.Duration // how long nothing may come before it is not waited for. Default 2s
}

// Progress is how far a run is.
type Progress struct {
	Phase      string // connect, prime, warm up, measure, drain, hold
	Done, Of   int    // connections, while connecting
	Left       time.Duration
	Events     float64 // per second, lately
	Deliveries float64 // per second, lately
}

func (o Options) withDefaults() Options {
	o.PublishURL = cmp.Or(o.PublishURL, o.URL)
	if o.Ingest {
		o.Connections = 0
	} else {
		o.Connections = cmp.Or(o.Connections, 1000)
	}
	o.Publishers = cmp.Or(o.Publishers, 1)
	if o.Idle {
		o.Publishers = 0
	}
	o.Topics, o.Batch = cmp.Or(o.Topics, 1), cmp.Or(o.Batch, 1)
	o.InFlight = cmp.Or(o.InFlight, 1)
	o.Size = cmp.Or(o.Size, 128)
	o.Duration = cmp.Or(o.Duration, 5*time.Second)
	o.quiet = cmp.Or(o.quiet, 2*time.Second)
	o.SlowRate = cmp.Or(o.SlowRate, 16<<10)
	if o.PublishHello == nil {
		o.PublishHello = o.Hello
	}
	return o
}

// Limits of a run.
const (
	maxDuration = 24 * time.Hour // sent in a mark has 48 bits of ns
	maxSize     = 8 << 20
	maxBatch    = 100_000
	maxBooks    = 1 << 28 // subscribers × publishers
)

// check reports all that is wrong in o, whose defaults are set.
func (o *Options) check() []string {
	var faults []string
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	bad(o.Idle && o.Ingest, "--idle and --ingest exclude each other")
	bad(o.Connections < 0 || o.Connections > 1<<20, "--connections %d: write a number up to %d", o.Connections, 1<<20)
	bad(o.Publishers < 0 || o.Publishers >= 1<<16, "--publishers %d: write a number from 1 to 65535", o.Publishers)
	bad(o.Topics < 1 || o.Topics > maxSlot, "--topics %d: write a number from 1 to %d", o.Topics, maxSlot)
	bad(!o.Ingest && o.Topics > max(o.Connections, 1), "--topics %d are more than --connections %d: some would have no subscriber", o.Topics, o.Connections)
	bad(o.Rate < 0 || o.Rate > 1e9, "--rate %g: write events per second", o.Rate)
	bad(o.InFlight < 1 || o.InFlight > maxSlot/2, "--in-flight %d: write a number from 1 to %d", o.InFlight, maxSlot/2)
	bad(o.Batch < 1 || o.Batch > maxBatch, "--batch %d: write a number from 1 to %d", o.Batch, maxBatch)
	bad(o.Size < MinSize || o.Size > maxSize, "--size %d: write a number from %d, which an event's mark takes, to %d", o.Size, MinSize, maxSize)
	bad(o.Duration <= 0 || o.Warmup < 0 || o.Duration+o.Warmup > maxDuration, "--duration and --warmup: write a time up to %s", maxDuration)
	for _, s := range []struct {
		flag  string
		share float64
	}{{"stuck", o.Stuck}, {"slow", o.Slow}, {"deflate", o.Deflate}} {
		bad(!(s.share >= 0 && s.share <= 1), "--%s: write a share such as 10%%", s.flag)
	}
	for _, a := range o.Answers {
		bad(!strings.Contains(a, "="), "--answer %.40q: write it as MESSAGE=REPLY", a)
	}
	bad(o.Stuck+o.Slow >= 1, "--stuck and --slow: nobody is left to be measured")
	bad(o.SlowRate < 0, "--slow-rate: write bytes per second, such as 16KiB")
	bad(o.Connections*o.Publishers > maxBooks, "--connections × --publishers is more than %d", maxBooks)
	return faults
}

// mode is the word for how events are paced.
func (o *Options) mode() string {
	switch {
	case o.Idle:
		return "idle"
	case o.Ingest:
		return "ingest"
	case o.Rate > 0:
		return "rate"
	}
	return "in_flight"
}
