package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"eventrelay/plugins/workbench"
	"eventrelay/relay"
	"eventrelay/relay/transport/wsclient"
)

// subscriber keeps one connection to a relay and prints what comes.
type subscriber struct {
	server    *url.URL
	url       string
	options   wsclient.Options
	reconnect bool
	count     int // 0: without end
	out       io.Writer
	record    io.Writer // if not nil, events are envelopes, and are also written here
	plain     bool      // with record: print an event's data alone
	notef     func(format string, args ...any)

	backoff   backoff
	connected bool      // at least once
	since     time.Time // when the session connected; zero: it has not
	printed   int
}

const (
	// silence is how long nothing may come before the relay is pinged; its own ping comes every 25 seconds by default.
	silence = 40 * time.Second
	// pongWait is how long a pinged relay may stay silent.
	pongWait = 10 * time.Second
	// steady is how long a connection must last for the next back-off to begin anew.
	steady = 10 * time.Second
)

// run prints events until count is reached, ctx ends (its cause is the error), or the relay is not to be asked again.
func (s *subscriber) run(ctx context.Context) error {
	for {
		err := s.session(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !s.reconnect || !s.connected || final(err):
			return s.explain(err)
		}
		if !s.since.IsZero() && time.Since(s.since) > steady {
			s.backoff.reset()
		}
		delay := s.backoff.delay(retryAfter(err))
		s.notef("%v; connecting again in %s", err, delay.Round(100*time.Millisecond))
		if err := sleep(ctx, delay); err != nil {
			return err
		}
	}
}

// session connects and prints until count is reached (nil) or the connection ends.
func (s *subscriber) session(ctx context.Context) error {
	s.since = time.Time{}
	c, err := wsclient.Dial(ctx, s.url, s.options)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	if err := s.checkSubprotocol(c); err != nil {
		return err
	}
	if s.connected {
		s.notef("connected again")
	} else if s.options.Compress && !c.Compressed() {
		s.notef("the relay does not compress; is websocket.compression enabled there? Going on without")
	}
	s.connected, s.since = true, time.Now()
	for s.count == 0 || s.printed < s.count {
		if err := s.printNext(ctx, c); err != nil {
			return err
		}
	}
	return c.Close(wsclient.CodeNormal, "")
}

var errSubprotocol = errors.New("the server does not speak relay.v1.json, so there is no envelope to print; does --url point at a relay?")

func (s *subscriber) checkSubprotocol(c *wsclient.Conn) error {
	if len(s.options.Subprotocols) > 0 && c.Subprotocol() == "" {
		return errSubprotocol
	}
	return nil
}

func (s *subscriber) printNext(ctx context.Context, c *wsclient.Conn) error {
	wait := silence
	for {
		err := s.printWithin(ctx, c, wait)
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return err
		}
		quiet := time.Since(c.Heard())
		switch {
		case quiet >= silence+pongWait:
			return fmt.Errorf("nothing came for %s, not even a pong", quiet.Round(time.Second))
		case quiet >= silence:
			if err := c.Ping(ctx, nil); err != nil {
				return err
			}
			wait = pongWait
		default: // a ping or pong came meanwhile
			wait = silence - quiet
		}
	}
}

func (s *subscriber) printWithin(ctx context.Context, c *wsclient.Conn, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	kind, payload, err := c.ReadMessage(ctx)
	if err != nil {
		return err
	}
	if topic, n := missed(payload); n > 0 && c.Subprotocol() != "" {
		s.notef("too slow: missed %d of the events of %s", n, topic)
		return nil
	}
	if s.record != nil {
		if kind, payload, err = s.keep(kind, payload); err != nil {
			return err
		}
	}
	if _, err := s.out.Write(append(eventLine(kind, payload), '\n')); err != nil {
		return &outputError{err}
	}
	s.printed++
	return nil
}

// keep writes the event of an envelope to the recording, and returns what to print.
func (s *subscriber) keep(kind relay.Kind, envelope []byte) (relay.Kind, []byte, error) {
	ev, err := workbench.ReadEvent(envelope)
	if err != nil {
		return 0, nil, fmt.Errorf("the relay sent no envelope: %w", err)
	}
	if _, err := s.record.Write(append(workbench.AppendEvent(nil, ev), '\n')); err != nil {
		return 0, nil, &outputError{fmt.Errorf("--record: %w", err)}
	}
	if s.plain {
		return ev.Kind, ev.Payload, nil
	}
	return kind, envelope, nil
}

// missed returns how many events of a subscription the relay left out for us, if that is what an envelope says. An event has
// a topic besides.
func missed(envelope []byte) (subscription string, n uint64) {
	var notice struct {
		Subscription string
		Topic        *string
		Missed       uint64
	}
	if len(envelope) > 600 || !bytes.Contains(envelope, []byte(`"missed"`)) || json.Unmarshal(envelope, &notice) != nil || notice.Topic != nil {
		return "", 0
	}
	return notice.Subscription, notice.Missed
}

// outputError is returned when standard output takes no more.
type outputError struct{ err error }

func (e *outputError) Error() string { return "print an event: " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

// final reports whether trying again would end the same way.
func final(err error) bool {
	if closed, ok := errors.AsType[*wsclient.CloseError](err); ok {
		return finalCode(closed.Code)
	}
	if refused, ok := errors.AsType[*wsclient.HandshakeError](err); ok {
		return refused.Status < 500 && refused.Status != http.StatusTooManyRequests && refused.Status != http.StatusRequestTimeout
	}
	_, broke := errors.AsType[*wsclient.ProtocolError](err)
	_, mute := errors.AsType[*outputError](err)
	return broke || mute || errors.Is(err, errSubprotocol)
}

// finalCode is the rule for close codes: 4000 to 4099 mean do not come back, 4100 to 4199 come back with back-off, and
// those that blame the client for what it would do again are final too.
func finalCode(code int) bool {
	switch code {
	case 1000, 1002, 1003, 1007, 1008, 1009, 1010:
		return true
	}
	return code >= 4000 && code <= 4099
}

func retryAfter(err error) time.Duration {
	if refused, ok := errors.AsType[*wsclient.HandshakeError](err); ok {
		return retryAfterHeader(refused.Header)
	}
	return 0
}

// explain says what to do about an error that ends it all.
func (s *subscriber) explain(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no relay answers at %s: %w; start one with `relay serve`, or name it with --url", s.server, err)
	}
	refused, ok := errors.AsType[*wsclient.HandshakeError](err)
	switch {
	case ok && refused.Status == http.StatusUnauthorized:
		return fmt.Errorf("%w; put the token into a file for --token-file", err)
	case ok && refused.Status == http.StatusNotFound:
		return fmt.Errorf("%w; is --ws-path what websocket.path is there?", err)
	}
	return err
}
