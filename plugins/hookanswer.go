package plugins

import (
	"net/http"

	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// readHook reads what a hook other than that for events answered. What changed is in answer.event: the pattern as its
// topic and, of a connection, the attributes that the filter gave it.
func (in *instance) readHook(raw abi.Answer, out *outgoing) (answer, *failure) {
	if out.hook == onDisconnect { // it has no result
		return answer{said: saidPass}, nil
	}
	kind, ptr, n := raw.Split()
	switch kind {
	case abi.AnswerPass:
		return answer{said: saidPass}, nil
	case abi.AnswerDrop:
		status := http.StatusForbidden
		if in.call.code.IsStatus() {
			status = int(in.call.code)
		}
		return answer{said: saidRefuse, status: uint16(status), reason: clean(in.call.reason, maxReason)}, nil
	case abi.AnswerPayload:
		return answer{}, badAnswer("a payload is no answer to %s", hookTable[out.hook].export)
	}
	view, failed := in.view(raw, kind, ptr, n)
	if failed != nil {
		return answer{}, failed
	}
	rec, err := abi.Decode(view)
	switch {
	case err != nil:
		return answer{}, badAnswer("%v", err)
	case len(rec.Payload) > 0:
		return answer{}, badAnswer("a record with a payload is no answer to %s", hookTable[out.hook].export)
	}
	next := &relay.Event{Topic: out.event.Topic}
	if len(rec.Topic) > 0 || out.hook == onSubscribe {
		p, err := relay.ParsePattern(string(rec.Topic))
		if err != nil {
			return answer{}, badAnswer("%v", err)
		}
		next.Topic = relay.Topic(p)
	}
	if out.hook == onConnect {
		if next.Attributes, failed = given(rec.Attributes); failed != nil {
			return answer{}, failed
		}
	}
	return answer{said: saidTransform, event: next}, nil
}

// maxGiven is the most bytes of attributes that filters may give a connection, of which there may be very many.
const maxGiven = 8 << 10

// given returns those attributes of a record answered to connect that are not the request's.
func given(got abi.Attributes) (relay.Attributes, *failure) {
	var attrs relay.Attributes
	size := 0
	for key, value := range got.All() {
		if abi.OfRequest(key) {
			continue
		}
		if size += abi.AttributeSize + len(key) + len(value); size > maxGiven {
			return nil, badAnswer("attributes of more than %d bytes for a connection", maxGiven)
		}
		attrs = append(attrs, relay.Attribute{Key: string(key), Value: string(value)})
	}
	return attrs, nil
}
