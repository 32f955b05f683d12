package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/gobwas/ws"

	"eventrelay/relay"
)

// reply answers a command: its id, and either what became of it or an error.
type reply struct {
	ID          uint64        `json:"id,omitempty"` // absent when the command's could not be read
	Subscribe   *topicReply   `json:"subscribe,omitempty"`
	Unsubscribe *topicReply   `json:"unsubscribe,omitempty"`
	Publish     *publishReply `json:"publish,omitempty"`
	Ping        *struct{}     `json:"ping,omitempty"`
	Error       *commandError `json:"error,omitempty"`
}

type topicReply struct {
	Topic relay.Pattern `json:"topic"`
}

type publishReply struct {
	EventID string `json:"event_id"`
	ID      string `json:"id,omitempty"` // absent when the event did not pass
	Verdict string `json:"verdict"`
	Filter  string `json:"filter,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// frame encodes r as a text frame.
func (r reply) frame() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // patterns hold '>'
	if err := e.Encode(r); err != nil {
		panic("BUG: a reply does not encode: " + err.Error())
	}
	return textFrame(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

var (
	errNotText    = &commandError{Code: codeBadCommand, Message: "commands are text messages; this one is binary"}
	errSubscribed = &commandError{Code: codeSubscribed, Message: "this connection already has this very subscription"}
	errTooManySub = &commandError{Code: codeSubscriptions, Message: "unsubscribe from something first, use a wildcard, or open a second connection"}
	errNotSub     = &commandError{Code: codeNotSubscribed, Message: "this connection has no such subscription"}
)

// command carries out one command and answers it. What is wrong with a command is an error reply, not a disconnect.
// Every command takes a token but a publish that is handed on: the queue before the filters bounds those, by pausing
// the connection.
func (s *session) command(m message, now time.Duration) {
	c, err := command{}, errNotText
	if m.op == ws.OpText {
		c, err = parseCommand(m.payload)
	}
	if err == nil && c.verb == verbPublish {
		if err = s.commandPublish(c); err == nil {
			return
		}
	}
	if !s.more().commands.take(now, commandRate) {
		s.fail(&closeError{relay.ReasonPolicy, "too many commands: at most 50 per second"})
		return
	}
	r := reply{ID: c.id}
	switch {
	case err != nil:
	case c.verb == verbSubscribe:
		if err = s.maySubscribe(c.pattern); err != nil {
			break
		}
		if s.hookSet().Has(relay.HookSubscribe) {
			if err = s.ask(c, now); err == nil {
				return
			}
			break
		}
		r.Subscribe, err = s.subscribe(relay.Subscription{Name: c.pattern, Pattern: c.pattern})
	case c.verb == verbUnsubscribe:
		r.Unsubscribe, err = s.unsubscribe(c.pattern)
	case c.verb == verbPing:
		r.Ping = &struct{}{}
	}
	r.Error = err
	s.send(r.frame())
}

func (s *session) maySubscribe(p relay.Pattern) *commandError {
	if err := s.grant.NeedSubscribe(); err != nil {
		return &commandError{Code: codeForbidden, Message: err.Error()}
	}
	if ps := s.peer.Patterns(s.slot); len(ps) >= s.options.MaxSubscriptions && !slices.Contains(ps, p) {
		return errTooManySub
	}
	return nil
}

func (s *session) subscribe(sub relay.Subscription) (*topicReply, *commandError) {
	switch err := s.peer.Subscribe(s.slot, sub, s.form); {
	case errors.Is(err, relay.ErrSubscribed):
		return nil, errSubscribed
	case errors.Is(err, relay.ErrNames):
		return nil, &commandError{Code: codeSubscriptions, Message: err.Error()}
	case err != nil:
		return nil, &commandError{Code: codeInternal, Message: err.Error(), Temporary: true}
	}
	return &topicReply{sub.Name}, nil
}

func (s *session) unsubscribe(p relay.Pattern) (*topicReply, *commandError) {
	if !s.peer.Unsubscribe(s.slot, p, s.form) {
		return nil, errNotSub
	}
	return &topicReply{p}, nil
}

// commandPublish hands an event to the filters; its reply comes when they have decided.
func (s *session) commandPublish(c command) *commandError {
	if err := s.mayPublish(); err != nil {
		code := codeForbidden
		if err == errInboundOff {
			code = codeInboundOff
		}
		return &commandError{Code: code, Message: err.Error()}
	}
	ev := s.event(c.publish.topic, c.publish.kind, c.publish.payload)
	if c.publish.id != "" {
		ev.ID = c.publish.id
	}
	if c.publish.contentType != "" {
		ev.Attributes = ev.Attributes.With("content_type", c.publish.contentType)
	}
	peer, slot, id := s.peer, s.slot, s.id // NOTE: the session itself is of the moment
	s.submit(ev, func(res relay.Result) { peer.Reply(slot, id, publishAnswer(c.id, res).frame()) })
	return nil
}

// publishAnswer is the reply to a publish command.
func publishAnswer(id uint64, res relay.Result) reply {
	if res.Err != nil {
		return reply{ID: id, Error: publishError(res.Err)}
	}
	return reply{ID: id, Publish: &publishReply{
		EventID: res.EventID,
		ID:      res.Position.String(),
		Verdict: res.Verdict.String(),
		Filter:  res.Filter,
		Reason:  res.Reason,
	}}
}

func publishError(err error) *commandError {
	switch {
	case errors.Is(err, relay.ErrBusy):
		return &commandError{Code: codeBusy, Message: err.Error(), Temporary: true}
	case errors.Is(err, relay.ErrClosed):
		return &commandError{Code: codeClosing, Message: err.Error(), Temporary: true}
	case errors.Is(err, relay.ErrTooLarge):
		return &commandError{Code: codeTooLarge, Message: err.Error()}
	}
	return &commandError{Code: codeInternal, Message: "the relay could not publish this event", Temporary: true}
}
