package sdktest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"eventrelay/relay/rawjson"
	"eventrelay/sdk"
	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// call is one call of the filter: what it is about, and what the filter has said so far, beside its answer.
type call struct {
	parent  sdk.Event // the event at hand
	mayEmit bool
	refuses bool // may refuse with a status
	code    abi.ReasonCode
	reason  string
	emitted []sdk.Event
}

// result reads an answer as relay does. An error is a bad answer.
func (c *call) result(hook abi.Hook, in sdk.Event, kind host.Answer, out []byte) (Result, error) {
	switch {
	case kind == abi.AnswerPass:
		return Result{Outcome: Passed, Event: in, Emitted: c.emitted}, nil
	case kind == abi.AnswerError:
		return Result{Outcome: Failed, Reason: c.reason}, nil
	case kind == abi.AnswerDrop && hook != abi.OnEvent:
		return Result{Outcome: Refused, Reason: c.reason, Status: c.status(), Emitted: c.emitted}, nil
	case kind == abi.AnswerDrop && c.code == abi.ReasonReject:
		return Result{Outcome: Rejected, Reason: c.reason, Emitted: c.emitted}, nil
	case kind == abi.AnswerDrop:
		return Result{Outcome: Dropped, Reason: c.reason, Emitted: c.emitted}, nil
	case kind == abi.AnswerPayload && hook != abi.OnEvent:
		return Result{}, errors.New("a payload is no answer to this hook")
	}
	changed, err := in, error(nil)
	if kind == abi.AnswerPayload {
		changed.Payload = bytes.Clone(out)
	} else if changed, err = decode(out, in); err != nil {
		return Result{}, err
	}
	if hook == abi.OnEvent {
		err = check(changed)
	} else {
		changed, err = applied(hook, in, changed)
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Outcome: Changed, Event: changed, Emitted: c.emitted}, nil
}

// status is the HTTP status of a refusal.
func (c *call) status() int {
	if c.code.IsStatus() {
		return int(c.code)
	}
	return http.StatusForbidden
}

// applied returns what relay makes of a record that was answered to a connection or subscription.
func applied(hook abi.Hook, in, changed sdk.Event) (sdk.Event, error) {
	if len(changed.Payload) > 0 {
		return in, errors.New("a payload is no answer to this hook")
	}
	if changed.Topic == "" && hook == abi.OnConnect {
		changed.Topic = in.Topic
	} else if !validPattern(changed.Topic) {
		return in, fmt.Errorf("%q is not a topic pattern", changed.Topic)
	}
	if hook == abi.OnSubscribe {
		in.Topic = changed.Topic
		return in, nil
	}
	kept := in
	kept.Topic, kept.Attributes = changed.Topic, nil
	for key, value := range changed.Attributes.All() {
		if !abi.OfRequest(key) {
			kept.Attributes = kept.Attributes.With(string(key), string(value))
		}
	}
	return kept, nil
}

// encode makes a record of e.
func encode(e sdk.Event) []byte {
	r := abi.Record{
		Flags:      [...]abi.Flags{sdk.Binary: 0, sdk.Text: abi.Text, sdk.JSON: abi.JSON | abi.Text}[e.Kind],
		Time:       e.UnixNano,
		Topic:      []byte(e.Topic),
		Attributes: abi.Attributes(e.Attributes),
		Payload:    e.Payload,
	}
	if e.Inbound {
		r.Flags |= abi.Inbound
	}
	return abi.AppendRecord(nil, &r)
}

// decode copies the event out of a record that the filter made while it had parent at hand.
func decode(b []byte, parent sdk.Event) (sdk.Event, error) {
	r, err := abi.Decode(bytes.Clone(b))
	if err != nil {
		return sdk.Event{}, err
	}
	e := sdk.Event{
		Topic:      string(r.Topic),
		Payload:    r.Payload,
		Attributes: sdk.Attributes(r.Attributes),
		UnixNano:   parent.UnixNano,
		Inbound:    parent.Inbound,
	}
	switch {
	case r.Flags&abi.JSON != 0:
		e.Kind = sdk.JSON
	case r.Flags&abi.Text != 0:
		e.Kind = sdk.Text
	}
	return e, nil
}

// check returns what relay finds wrong with an event that a filter made.
func check(e sdk.Event) error {
	switch {
	case !validTopic(e.Topic):
		return fmt.Errorf("%q is not a topic", e.Topic)
	case e.Kind == sdk.JSON:
		var s rawjson.Scanner // relay's own, which is stricter than package json
		s.Reset(e.Payload)
		if _, fault := s.Document(); fault != nil {
			return fmt.Errorf("the payload is not JSON, but the event says so: %w", fault)
		}
	case e.Kind == sdk.Text && !utf8.Valid(e.Payload):
		return errors.New("the payload is not UTF-8, but the event says that it is text")
	}
	return nil
}

// validPattern reports whether p is a topic but for wildcards: "*" for a token, ">" for the last.
func validPattern(p string) bool {
	tokens := strings.Split(p, ".")
	for i, tok := range tokens {
		if tok == "*" || tok == ">" && i == len(tokens)-1 {
			tokens[i] = "x"
		}
	}
	return validTopic(strings.Join(tokens, "."))
}

func validTopic(t string) bool {
	for tok := range strings.SplitSeq(t, ".") {
		if tok == "" {
			return false
		}
	}
	bad := func(r rune) bool { return r == '*' || r == '>' || unicode.IsSpace(r) || unicode.IsControl(r) }
	return len(t) <= 256 && utf8.ValidString(t) && !strings.ContainsFunc(t, bad)
}
