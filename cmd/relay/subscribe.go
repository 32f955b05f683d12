package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"eventrelay/relay"
	"eventrelay/relay/transport"
	"eventrelay/relay/transport/wsclient"
)

const subscribeHelp = `subscribe prints the events of the topics that match, one per line, until it is interrupted.

A pattern is a topic, in which * stands for one token and > at the end for one or more: orders.eu, orders.*, orders.>.
Quote them, as shells have their own ideas of * and >. Without a pattern the topic is ` + string(relay.DefaultTopic) + `.

A line is the event's data. JSON with line breaks is printed without them; text with line breaks or control characters as
a JSON string; bytes as base64. With --envelope it is JSON with the topic, the id and the data; if the relay leaves out
events because they are not read fast enough, standard error says how many.

With --record the events are also appended to a file, one JSON object a line, as relay publish --file, relay plugin test and
relay plugin run read them. Patterns that overlap record an event once for each.

When the connection is lost, subscribe comes back by itself, after a random wait: up to 0.5 seconds at first, and up to 30
at last. It does not come back after a refusal (HTTP 4xx but 408 and 429; close codes 1000, 1002, 1003, 1007 to 1010 and
4000 to 4099). Events published in between are not delivered.

If the relay demands a token, put it in a file for --token-file, or in RELAY_TOKEN.`

// subscribeFlags are the command line of subscribe.
type subscribeFlags struct {
	server      endpoint
	token       secretSource
	path        string
	envelope    bool
	record      string
	compress    bool
	count       int
	timeout     time.Duration
	noReconnect bool
}

func (a *app) subscribeCmd() *cobra.Command {
	f := subscribeFlags{token: secretSource{what: "subscribe token", flag: "token", env: "RELAY_TOKEN"}}
	cmd := &cobra.Command{
		Use:   "subscribe [PATTERN…]",
		Short: "Print events as they come",
		Long:  subscribeHelp,
		Example: `  relay subscribe
  relay subscribe 'orders.>' payments.done --envelope
  relay subscribe 'orders.>' --count 1 --timeout 10s
  relay subscribe '>' --record events.ndjson
  relay subscribe 'orders.>' --url https://relay.example.com --token-file token`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return a.subscribe(ctx, &f, args)
		},
	}
	flags := cmd.Flags()
	f.server.register(flags)
	f.token.register(flags)
	flags.StringVar(&f.path, "ws-path", "/ws", "the relay's websocket.path")
	flags.BoolVarP(&f.envelope, "envelope", "e", false, "print JSON lines with topic, id and data")
	flags.StringVar(&f.record, "record", "", "append the events to this file, for publish --file and plugin test")
	flags.BoolVar(&f.compress, "compress", false, "have events compressed on the wire, where the relay's websocket.compression allows it")
	flags.IntVarP(&f.count, "count", "n", 0, "end after this many events (default: never)")
	flags.DurationVar(&f.timeout, "timeout", 0, "end after this time; exit code 4 if --count is not reached (default: never)")
	flags.BoolVar(&f.noReconnect, "no-reconnect", false, "end when the connection is lost")
	return cmd
}

func (a *app) subscribe(ctx context.Context, f *subscribeFlags, patterns []string) error {
	if f.count < 0 || f.timeout < 0 {
		return &exitError{exitUsage, errors.New("--count and --timeout can't be negative")}
	}
	s, err := a.newSubscriber(f, patterns)
	if err != nil {
		return err
	}
	if f.record != "" {
		record, err := os.OpenFile(f.record, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return &exitError{exitUsage, fmt.Errorf("--record: %w", err)}
		}
		defer record.Close()
		s.record, s.plain = record, !f.envelope
	}
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, f.timeout, errTimeout)
		defer cancel()
	}
	err = s.run(ctx)
	switch {
	case !errors.Is(err, errTimeout):
		return err
	case f.count == 0:
		return nil
	}
	return &exitError{exitTimeout, fmt.Errorf("%d of %d events came within %s", s.printed, f.count, f.timeout)}
}

var errTimeout = errors.New("--timeout is over")

func (a *app) newSubscriber(f *subscribeFlags, patterns []string) (*subscriber, error) {
	base, err := f.server.base(a)
	if err != nil {
		return nil, err
	}
	token, err := f.token.load(a)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if token != "" && plainToRemote(base) {
		a.notef("the token goes to %s unencrypted; use https", base.Host)
	}
	query, err := topicQuery(patterns)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	target := base.JoinPath(f.path)
	target.RawQuery = query
	s := &subscriber{
		server: base, url: target.String(), reconnect: !f.noReconnect, count: f.count, out: a.out, notef: a.notef,
		backoff: backoff{min: 500 * time.Millisecond, max: 30 * time.Second},
		options: wsclient.Options{Header: http.Header{"User-Agent": {"relay-subscribe"}}, Compress: f.compress},
	}
	if token != "" {
		s.options.Header.Set("Authorization", "Bearer "+token)
	}
	if f.envelope || f.record != "" {
		s.options.Subprotocols = []string{transport.Subprotocol}
	}
	return s, nil
}

func topicQuery(patterns []string) (string, error) {
	if len(patterns) == 0 {
		patterns = []string{string(relay.DefaultTopic)}
	}
	for _, p := range patterns {
		if _, err := relay.ParsePattern(p); err != nil {
			return "", err
		}
	}
	return url.Values{"topic": patterns}.Encode(), nil
}
