package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"eventrelay/relay"
)

const publishHelp = `publish sends events to a relay and says what became of each.

One event: its data is the second argument, or standard input when that is "-" or missing. Data that is JSON is sent as
JSON, other UTF-8 as text, anything else as bytes; --type settles it.

Many events: --file names a file with one per line (NDJSON; "-" reads standard input). With TOPIC each line is an event's
data, any JSON value. Without, each line says where it goes: {"topic":"orders.eu","data":{"item":"tea"}}. Lines are sent in
order, in batches. When the relay is busy or restarts, publish waits and repeats what was not taken, for --retry-for at
most; an Idempotency-Key keeps repeats from being published twice. When it stops early it says with which --skip to go on.

If the relay demands a key, put it in a file for --key-file, or in RELAY_KEY.`

// publishFlags are the command line of publish.
type publishFlags struct {
	server   endpoint
	key      secretSource
	typ      string
	file     string
	skip     int
	retryFor time.Duration
	asJSON   bool
	quiet    bool
}

func (a *app) publishCmd() *cobra.Command {
	f := publishFlags{key: secretSource{what: "publish key", flag: "key", env: "RELAY_KEY"}}
	cmd := &cobra.Command{
		Use:   "publish [TOPIC] [DATA]",
		Short: "Publish one event, or a file of them",
		Long:  publishHelp,
		Example: `  relay publish orders.new '{"item":"tea"}'
  echo '{"item":"tea"}' | relay publish orders.new
  relay publish images.cat --type image/png - < cat.png
  relay publish --file events.ndjson
  relay publish orders.new --file orders.ndjson --url https://relay.example.com --key-file key`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return a.publish(ctx, &f, args)
		},
	}
	flags := cmd.Flags()
	f.server.register(flags)
	f.key.register(flags)
	flags.StringVar(&f.typ, "type", "", "json, text, binary or a media type (default: what the data looks like)")
	flags.StringVarP(&f.file, "file", "f", "", "publish every line of this file")
	flags.IntVar(&f.skip, "skip", 0, "with --file: leave out the first lines, to go on after an interruption")
	flags.DurationVar(&f.retryFor, "retry-for", time.Minute, "how long to repeat while the relay is busy; 0 to give up at once")
	flags.BoolVar(&f.asJSON, "json", false, "print the relay's answers, one JSON object per line")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors")
	return cmd
}

func (a *app) publish(ctx context.Context, f *publishFlags, args []string) error {
	topic := ""
	if len(args) > 0 {
		if err := checkTopic(args[0]); err != nil {
			return &exitError{exitUsage, err}
		}
		topic = args[0]
	}
	if err := f.check(args); err != nil {
		return &exitError{exitUsage, err}
	}
	p, err := a.newPublisher(f, topic)
	if err != nil {
		return err
	}
	defer p.close()
	if f.file != "" {
		return a.publishFile(ctx, f, p)
	}
	return a.publishOne(ctx, f, p, args)
}

func (f *publishFlags) check(args []string) error {
	switch {
	case f.file != "" && len(args) > 1:
		return errors.New("give either DATA or --file, not both")
	case f.file != "" && f.typ != "":
		return errors.New("--type is for one event; the lines of --file are JSON")
	case f.file == "" && f.skip != 0:
		return errors.New("--skip is for --file")
	case f.skip < 0 || f.retryFor < 0:
		return errors.New("--skip and --retry-for can't be negative")
	}
	return nil
}

func checkTopic(s string) error {
	if strings.ContainsAny(s[:min(len(s), 1)], "{[\"") {
		return fmt.Errorf("%.40q looks like data, but the first argument is the topic: relay publish %s '…'", s, relay.DefaultTopic)
	}
	_, err := relay.ParseTopic(s)
	return err
}

func (a *app) publishOne(ctx context.Context, f *publishFlags, p *publisher, args []string) error {
	data, err := a.eventData(args)
	if err != nil {
		return err
	}
	typ, err := mediaType(f.typ, data)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	ans, err := p.send(ctx, newRequest(typ, data))
	if err != nil {
		return err
	}
	r, err := ans.result()
	if err != nil {
		return err
	}
	if f.asJSON {
		fmt.Fprintf(a.out, "%s\n", bytes.TrimSpace(ans.body))
	} else if r.taken() && !f.quiet {
		fmt.Fprintln(a.out, r)
	}
	if !r.taken() {
		return &exitError{exitNotAccepted, errors.New("the event was " + r.String())}
	}
	return nil
}

// maxStdin is the largest event read from standard input; the relay's own limit is usually lower.
const maxStdin = 64 << 20

func (a *app) eventData(args []string) ([]byte, error) {
	if len(args) == 2 && args[1] != "-" {
		return []byte(args[1]), nil
	}
	if len(args) < 2 && isTerminal(a.in) {
		return nil, &exitError{exitUsage, errors.New("no data; give it as the second argument, or pipe it in: relay publish TOPIC DATA")}
	}
	data, err := io.ReadAll(io.LimitReader(a.in, maxStdin+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) == 0: // more often what came before in the pipe failed than that it was meant
		return nil, &exitError{exitUsage, errors.New("no data: standard input is empty; an event without data is relay publish TOPIC ''")}
	case len(data) > maxStdin:
		return nil, errors.New("standard input is larger than 64MiB; publish many events with --file -")
	}
	return data, nil
}

// isTerminal reports whether a person sits at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
