package transport

import (
	"encoding/base64"
	"fmt"
	"mime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"eventrelay/relay"
)

// Commands of subprotocol relay.v1.json.
const (
	verbSubscribe   = "subscribe"
	verbUnsubscribe = "unsubscribe"
	verbPublish     = "publish"
	verbPing        = "ping"
)

// Codes of error replies. Clients act on them, so they do not change.
const (
	codeBadCommand    = "bad_command"            // the message is no command; its text says why
	codeBadTopic      = "bad_topic"              // no topic, or no pattern
	codeBadEvent      = "bad_event"              // an event that cannot be published
	codeForbidden     = "forbidden"              // not granted
	codeRefused       = "refused"                // by a filter
	codeInboundOff    = "inbound_off"            // this relay takes no events from sockets
	codeSubscribed    = "already_subscribed"     //
	codeNotSubscribed = "not_subscribed"         //
	codeSubscriptions = "too_many_subscriptions" //
	codeTooLarge      = "too_large"              // the event does not fit a limit of the relay
	codeBusy          = "busy"                   // temporary
	codeClosing       = "closing"                // temporary: the relay is stopping
	codeInternal      = "internal"               // temporary: our own fault
)

const (
	maxCommandID   = 1<<53 - 1 // what JavaScript holds exactly
	maxEventID     = 128
	maxContentType = 128
)

// commandError refuses a command. It is told to the client.
type commandError struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Temporary bool   `json:"temporary"`
}

func (e *commandError) Error() string { return e.Code + ": " + e.Message }

func badCommand(format string, args ...any) *commandError {
	return &commandError{Code: codeBadCommand, Message: fmt.Sprintf(format, args...)}
}

// command is one parsed command. What it holds of the message it was parsed from is copied.
type command struct {
	id      uint64
	verb    string
	pattern relay.Pattern // subscribe, unsubscribe
	publish publication   // publish
}

// publication is the event of a publish command.
type publication struct {
	topic       relay.Topic
	id          string // "" when the client leaves it to us
	kind        relay.Kind
	payload     []byte
	contentType string // "" when the kind says it
}

// parseCommand parses `{"id":1,"subscribe":{…}}`. With an error, the command still has its id if that could be read.
func parseCommand(p []byte) (c command, err *commandError) {
	if fault := tooDeep(p); fault != nil {
		return c, badCommand("bad JSON: %v", fault)
	}
	ms, fault := members(p)
	if fault != nil {
		return c, badCommand("bad JSON: %v", fault)
	}
	var body []byte
	for _, m := range ms {
		switch m.key {
		case "id":
			if c.id = parseID(m.value); c.id == 0 {
				err = badCommand(`"id" must be a whole number from 1 to 2^53-1`)
			}
		case verbSubscribe, verbUnsubscribe, verbPublish, verbPing:
			if c.verb != "" {
				err = badCommand("one command per message; this one has %s and %s", c.verb, m.key)
			}
			c.verb, body = m.key, m.value
		default:
			err = badCommand("unknown command %.32q: send subscribe, unsubscribe, publish or ping", m.key)
		}
	}
	switch {
	case err != nil:
		return c, err
	case c.id == 0:
		return c, badCommand(`no "id": send a whole number, which the reply repeats`)
	case c.verb == "":
		return c, badCommand("no command: send subscribe, unsubscribe, publish or ping")
	}
	return c, c.parseBody(body)
}

// parseID returns the command id, or 0 if p is none.
func parseID(p []byte) uint64 {
	id, err := strconv.ParseUint(string(p), 10, 64)
	if err != nil || id > maxCommandID {
		return 0
	}
	return id
}

func (c *command) parseBody(body []byte) *commandError {
	ms, fault := members(body)
	if fault != nil {
		return badCommand("%s: %s", c.verb, fault.Reason)
	}
	if c.verb == verbPublish {
		return c.publish.parse(ms)
	}
	topic, found := "", c.verb == verbPing
	for _, m := range ms {
		if m.key != "topic" || c.verb == verbPing {
			return badCommand("%s: unknown key %.32q", c.verb, m.key)
		}
		if topic, found = jsonString(m.value); !found {
			return badCommand(`%s: "topic" must be a string`, c.verb)
		}
	}
	switch {
	case !found:
		return badCommand(`%s: no "topic"`, c.verb)
	case c.verb == verbPing:
		return nil
	}
	var err error
	if c.pattern, err = relay.ParsePattern(topic); err != nil {
		return &commandError{Code: codeBadTopic, Message: err.Error()}
	}
	return nil
}

func (e *publication) parse(ms []member) *commandError {
	var data, base []byte
	var topic string
	ok := true
	for _, m := range ms {
		switch m.key {
		case "topic":
			topic, ok = jsonString(m.value)
		case "event_id":
			e.id, ok = jsonString(m.value)
			ok = ok && validEventID(e.id)
		case "type":
			e.contentType, ok = jsonString(m.value)
			ok = ok && len(e.contentType) <= maxContentType
		case "data":
			data = m.value
		case "data_base64":
			base = m.value
		default:
			return badCommand("publish: unknown key %.32q", m.key)
		}
		if !ok {
			return &commandError{Code: codeBadEvent, Message: fmt.Sprintf("publish: %q is not a string that will do", m.key)}
		}
	}
	var err error
	if e.topic, err = relay.ParseTopic(topic); err != nil {
		return &commandError{Code: codeBadTopic, Message: err.Error()}
	}
	if (data == nil) == (base == nil) {
		return &commandError{Code: codeBadEvent, Message: `publish: send either "data" or "data_base64"`}
	}
	if fault := e.parseData(data, base); fault != "" {
		return &commandError{Code: codeBadEvent, Message: "publish: " + fault}
	}
	return nil
}

// parseData settles kind and payload as CloudEvents does: data is JSON, or a string of another type; data_base64 is bytes.
func (e *publication) parseData(data, base []byte) (fault string) {
	media, _, err := mime.ParseMediaType(e.contentType)
	switch {
	case e.contentType != "" && err != nil:
		return `"type" is no content type such as text/plain`
	case base != nil:
		text, ok := jsonString(base)
		e.payload, err = base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			return `"data_base64" is not a string of padded base64`
		}
		e.kind = relay.KindBinary
	case isJSON(media):
		e.kind, e.payload = relay.KindJSON, append([]byte(nil), data...)
	default:
		text, ok := jsonString(data)
		if !ok {
			return fmt.Sprintf(`"data" of type %.64s must be a string`, e.contentType)
		}
		e.kind, e.payload = relay.KindText, []byte(text)
	}
	return ""
}

func isJSON(media string) bool {
	return media == "" || media == "application/json" || strings.HasSuffix(media, "+json")
}

// validEventID reports whether a client may call an event so.
func validEventID(id string) bool {
	return id != "" && len(id) <= maxEventID && utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}
