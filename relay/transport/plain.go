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
	if err := s.mayPublish(); err != nil {
		s.fail(err)
		return
	}
	topic := s.publishTopic()
	if topic == "" {
		s.fail(errNoTopic)
		return
	}
	kind := relay.KindBinary
	if m.op == ws.OpText {
		kind = textKind(m.payload)
	}
	s.submit(s.event(topic, kind, bytes.Clone(m.payload)), nil)
}

// publishTopic returns where plain frames go, or "". Most clients never ask, so it is found when the first frame comes:
// it is what ?publish= said, else the one literal topic subscribed to, as a plain client's subscriptions do not change.
func (s *session) publishTopic() relay.Topic {
	more := s.more()
	if more.publish == "" {
		if ps := s.peer.Patterns(s.slot); len(ps) == 1 && ps[0].Literal() {
			more.publish = relay.Topic(ps[0])
		}
	}
	return more.publish
}
