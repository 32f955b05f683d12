package transport

import (
	"bytes"

	"github.com/gobwas/ws"

	"eventrelay/relay"
)

// Why a client may not publish.
var (
	errInboundOff = &closeError{relay.ReasonPolicy, "this relay takes no events from sockets: publish over HTTP"}
	errNotGranted = &closeError{relay.ReasonPolicy, "not allowed to publish: connect with a publish key"}
	errNoTopic    = &closeError{relay.ReasonPolicy, "several topics or a wildcard: connect with ?publish=TOPIC to send events"}
)

// mayPublish returns why the client may not publish, or nil.
func (s *session) mayPublish() *closeError {
	switch {
	case !s.options.Inbound:
		return errInboundOff
	case s.grant.NeedPublish() != nil:
		return errNotGranted
	}
	return nil
}

// publishPlain publishes a frame of a plain client to its one topic.
func (s *session) publishPlain(m message) {
	err := s.mayPublish()
	if err == nil && s.topic == "" {
		err = errNoTopic
	}
	if err != nil {
		s.fail(err)
		return
	}
	kind := relay.KindBinary
	if m.op == ws.OpText {
		kind = textKind(m.payload)
	}
	s.submit(s.event(s.topic, kind, bytes.Clone(m.payload)), nil)
}
