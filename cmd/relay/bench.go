package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"eventrelay/relay"
	"eventrelay/relay/bench"
)

const benchHelp = `bench connects subscribers to a WebSocket server, publishes events, and says what became of them: deliveries per second,
latency, what was lost, repeated or reordered, and, with --pid, what CPU time and memory the server spent. It first
publishes until every subscriber has had an event; then it warms up, and then it measures.

How events are paced, one of:
  --in-flight K  the next is published when fewer than K are not yet with every subscriber (default 1)
  --saturate     the same with 64
  --rate R       R per second, come what may; latency counts from when an event was due, not from when it was sent
  --ingest       no subscribers: as fast as the server takes them, or at --rate
  --idle         no events: connect, and hold the connections for --duration

Publishers send over sockets of their own, or, with --publish http://…, by POST, one request at a time each. Several publishers take
turns. Over sockets they subscribe to their URL too; of a relay, --publish 'ws://…/ws?topic=none&publish={topic}' has them not.

Any server can be measured: --hello says what subscribes there, --publish-frame how an event is sent, --answer what a heartbeat
of its own wants to hear ({}={} for Centrifugo, 2=3 for Socket.IO). Events are found in whatever wraps them.

{topic} in URL, --publish, --hello and --publish-frame is the topic: that in the URL's ?topic=, else bench; with --topics bench.0,
bench.1 …, which also replace the ?topic= of addresses without {topic}.

Stuck (--stuck) and slow (--slow) subscribers have a receive buffer of 8 KiB and count in no figure.

--json prints one object. Times are in µs or s, sizes in bytes, as the names say; latency.buckets_ns lists pairs of a bucket's upper
bound in ns and its count.

The exit code is 1 when events were lost, repeated, reordered or corrupted, or a subscriber was cut off. It needs Linux.`

// benchFlags are the command line of bench.
type benchFlags struct {
	o          bench.Options
	size, slow byteCount
	saturate   bool
	headers    []string
	token, key secretSource
	stuckShare percent
	slowShare  percent
	deflate    percent
	pids       []int
	asJSON     bool
	progress   bool
	spin       bool
}

func (a *app) benchCmd() *cobra.Command {
	f := benchFlags{
		token: secretSource{what: "subscribe token", flag: "token", env: "RELAY_TOKEN"},
		key:   secretSource{what: "publish key", flag: "key", env: "RELAY_KEY"},
		size:  128, slow: 16 << 10,
	}
	cmd := &cobra.Command{
		Use:   "bench URL",
		Short: "Measure a server with thousands of clients",
		Long:  benchHelp,
		Example: `  relay bench 'ws://127.0.0.1:8080/ws?topic=bench' --pid $(pidof relay)
  relay bench 'ws://127.0.0.1:8080/ws?topic=bench' --connections 5000 --publishers 16 --saturate
  relay bench 'ws://127.0.0.1:8080/ws?topic=bench' --rate 500 --publish 'http://127.0.0.1:8080/publish/{topic}' --json
  relay bench ws://127.0.0.1:8080/ws --ingest --publish 'http://127.0.0.1:8080/publish/{topic}' --batch 100
  relay bench ws://127.0.0.1:9222/ --binary --hello $'CONNECT {"verbose":false}\r\nSUB {topic} 1\r\n' \
      --publish-hello $'CONNECT {"verbose":false}\r\n' --publish-frame $'PUB {topic} {size}\r\n{payload}\r\n'   # NATS`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			f.o.URL = args[0]
			return a.bench(ctx, &f, cmd)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *benchFlags) register(cmd *cobra.Command) {
	flags, o := cmd.Flags(), &f.o
	flags.IntVarP(&o.Connections, "connections", "c", 1000, "subscribers")
	flags.IntVarP(&o.Publishers, "publishers", "p", 1, "connections that publish, beside them")
	flags.IntVar(&o.Topics, "topics", 1, "topics, among which subscribers and events are dealt out")
	flags.IntVar(&o.InFlight, "in-flight", 1, "events that not every subscriber has yet")
	flags.BoolVar(&f.saturate, "saturate", false, "the same as --in-flight 64")
	flags.Float64Var(&o.Rate, "rate", 0, "events per second, whatever the server does")
	flags.BoolVar(&o.Ingest, "ingest", false, "no subscribers, only publish")
	flags.BoolVar(&o.Idle, "idle", false, "publish nothing, only connect and hold")
	flags.Var(&f.size, "size", "bytes of an event's payload, as 128 or 1KiB")
	flags.DurationVarP(&o.Duration, "duration", "d", 5*time.Second, "how long to measure")
	flags.DurationVar(&o.Warmup, "warmup", time.Second, "how long to warm up before")
	flags.StringVar(&o.PublishURL, "publish", "", "where events go: ws://… over the publishers' sockets, http://… by POST (default: URL)")
	flags.IntVar(&o.Batch, "batch", 1, "events per POST, as NDJSON")
	flags.StringArrayVar(&o.Hello, "hello", nil, "text message to send after the handshake; may be repeated")
	flags.StringArrayVar(&o.PublishHello, "publish-hello", nil, "the same for publishers (default: --hello)")
	flags.StringArrayVar(&o.Answers, "answer", nil, "as MESSAGE=REPLY: text message to send whenever that message comes; may be repeated")
	flags.StringVar(&o.PublishFrame, "publish-frame", "{payload}", "what is sent for an event; {payload}, {size} and {topic} are replaced")
	flags.BoolVar(&o.Binary, "binary", false, "publish in binary messages")
	flags.StringVar(&o.Subprotocol, "subprotocol", "", "WebSocket subprotocol to ask for")
	flags.StringArrayVar(&f.headers, "header", nil, "header of all requests, as 'Name: value'; may be repeated")
	f.token.register(flags)
	f.key.register(flags)
	flags.Var(&f.stuckShare, "stuck", "share of subscribers that never read")
	flags.Var(&f.slowShare, "slow", "share of subscribers that reads --slow-rate")
	flags.Var(&f.slow, "slow-rate", "bytes per second that a slow subscriber reads, a tenth of it every 100 ms")
	flags.Var(&f.deflate, "deflate", "share of subscribers that offers permessage-deflate, without context takeover")
	flags.IntSliceVar(&f.pids, "pid", nil, "processes of the server, on this machine: report their CPU time and memory")
	flags.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	flags.BoolVar(&f.progress, "progress", false, "show progress even if stderr is no terminal")
	flags.BoolVar(&f.spin, "spin", bench.Cores() >= 2, "never sleep: a server pays for waking its clients up")
}

func (a *app) bench(ctx context.Context, f *benchFlags, cmd *cobra.Command) error {
	if err := f.complete(a, cmd.Flags().Changed); err != nil {
		return &exitError{exitUsage, err}
	}
	show := newBenchProgress(a, f)
	f.o.Progress = show.tell
	res, err := bench.Run(ctx, f.o)
	show.end()
	if wrong, ok := errors.AsType[*bench.OptionsError](err); ok {
		return &exitError{exitUsage, wrong}
	}
	if err != nil {
		return err
	}
	if f.asJSON {
		if err := json.NewEncoder(a.out).Encode(res); err != nil {
			return err
		}
	} else if err := printBench(a.out, res); err != nil {
		return err
	}
	if res.Faulty() {
		return &exitError{exitFailed, errors.New(benchFault(res))}
	}
	return nil
}

// complete turns flags into options.
func (f *benchFlags) complete(a *app, changed func(flag string) bool) error {
	o := &f.o
	paces := slices.DeleteFunc([]string{"in-flight", "saturate", "rate", "ingest", "idle"}, func(flag string) bool { return !changed(flag) })
	if len(paces) > 1 && !slices.Equal(paces, []string{"rate", "ingest"}) {
		return fmt.Errorf("--%s exclude each other", strings.Join(paces, " and --"))
	}
	for _, n := range []struct {
		flag  string
		value int
	}{{"connections", o.Connections}, {"publishers", o.Publishers}, {"topics", o.Topics}, {"in-flight", o.InFlight}, {"batch", o.Batch}} {
		if n.value < 1 {
			return fmt.Errorf("--%s %d: write a number from 1 up", n.flag, n.value)
		}
	}
	if changed("rate") && o.Rate <= 0 {
		return fmt.Errorf("--rate %g: write events per second", o.Rate)
	}
	if f.size == 0 || f.slow == 0 {
		return errors.New("--size and --slow-rate: write a number from 1 up")
	}
	if f.saturate {
		o.InFlight = 64
	}
	o.Size, o.SlowRate, o.PIDs, o.Sleep = int(f.size), int(f.slow), f.pids, !f.spin
	o.Stuck, o.Slow, o.Deflate = float64(f.stuckShare), float64(f.slowShare), float64(f.deflate)
	return f.completeHeaders(a)
}

func (f *benchFlags) completeHeaders(a *app) error {
	h := http.Header{}
	for _, line := range f.headers {
		name, value, ok := strings.Cut(line, ":")
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		switch {
		case !ok || name == "" || strings.ContainsAny(line, "\r\n"):
			return fmt.Errorf("--header %.40q: write it as 'Name: value'", line)
		case name == "Authorization" || name == "X-Api-Key" || name == "Cookie":
			return fmt.Errorf("--header %s: on the command line it is visible to every user of this machine; use --token-file or --key-file", name)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	token, err := f.token.load(a)
	if err != nil {
		return err
	}
	key, err := f.key.load(a)
	if err != nil {
		return err
	}
	f.o.SubscribeHeader, f.o.PublishHeader = h, h.Clone()
	bearer := key
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
		if !strings.HasPrefix(f.o.PublishURL, "http") { // a socket shows a token, and a key beside it
			bearer = token
			if key != "" {
				f.o.PublishHeader.Set("X-API-Key", key)
			}
		}
	}
	if bearer != "" {
		f.o.PublishHeader.Set("Authorization", "Bearer "+bearer)
	}
	return nil
}

// percent is a share on the command line, 1% or 0.5%.
type percent float64

func (p *percent) Set(s string) error {
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !strings.HasSuffix(s, "%") || v < 0 || v > 100 {
		return errors.New("write a share, such as 10%")
	}
	*p = percent(v / 100)
	return nil
}

func (p *percent) String() string { return strconv.FormatFloat(float64(*p)*100, 'g', -1, 64) + "%" }
func (*percent) Type() string     { return "percent" }

// byteCount is a number of bytes on the command line, 128 or 1KiB.
type byteCount int

func (b *byteCount) Set(s string) error {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		*b = byteCount(n)
		return nil
	}
	var size relay.Size
	if err := size.UnmarshalText([]byte(s)); err != nil || size > 1<<30 {
		return errors.New("write bytes, such as 128 or 1KiB")
	}
	*b = byteCount(size)
	return nil
}

func (b *byteCount) String() string { return strconv.Itoa(int(*b)) }
func (*byteCount) Type() string     { return "bytes" }
