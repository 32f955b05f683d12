package ingest

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"eventrelay/relay"
)

// target is where the event of a request goes, as path and query say.
type target struct {
	topic   relay.Topic
	named   bool // the request names the topic
	eventID string
	batch   bool
}

// route checks path, method and the form of the query.
func (x *exchange) route() *problem {
	var ok bool
	if x.topic, ok = topicOf(x.r.URL); !ok {
		return &problem{status: http.StatusNotFound, detail: "nothing is here; publish with POST /publish or POST /publish/TOPIC"}
	}
	if x.r.Method != http.MethodPost && x.r.Method != http.MethodOptions {
		return &problem{status: http.StatusMethodNotAllowed, detail: "publish with POST", header: header{"Allow", "OPTIONS, POST"}}
	}
	if x.r.URL.RawQuery == "" {
		return nil
	}
	var err error
	if x.query, err = url.ParseQuery(x.r.URL.RawQuery); err != nil {
		return badRequest("the query is not percent-encoded: " + err.Error())
	}
	return nil
}

const root = "/publish"

// topicOf returns the topic that the path names, or "". Paths are compared as sent: what a proxy would see as another
// path (`//publish`, dot segments) is none of ours.
func topicOf(u *url.URL) (topic string, ok bool) {
	path := u.EscapedPath()
	if path == root {
		return "", true
	}
	rest, ok := strings.CutPrefix(path, root+"/")
	if !ok || rest == "" || strings.Contains(rest, "/") {
		return "", false
	}
	topic, err := url.PathUnescape(rest)
	return topic, err == nil && topic != "." && topic != ".."
}

// aim reads the target. Unknown parameters are refused, as a misspelt topic would otherwise go to the default one.
func (x *exchange) aim() *problem {
	for name, values := range x.query {
		switch name {
		case "topic", "event_id", "batch":
		case "token": // the Gate's
		default:
			return badRequest("unknown parameter " + quote(name) + "; the known ones are topic, event_id and batch")
		}
		if len(values) > 1 {
			return badRequest("parameter " + name + " is given twice")
		}
	}
	if p := x.aimTopic(); p != nil {
		return p
	}
	return x.aimEvent()
}

func (x *exchange) aimTopic() *problem {
	name := x.topic
	if x.query.Has("topic") {
		if name != "" {
			return badRequest("the topic is given twice: in the path and as ?topic=")
		}
		name = x.query.Get("topic")
	} else if name == "" {
		x.target.topic = relay.DefaultTopic
		return nil
	}
	topic, err := relay.ParseTopic(name)
	if err != nil {
		return badRequest(err.Error())
	}
	x.target.topic, x.target.named = topic, true
	return nil
}

func (x *exchange) aimEvent() *problem {
	switch batch := x.query.Get("batch"); {
	case !x.query.Has("batch"), batch == "false":
	case batch == "true", batch == "":
		x.target.batch = true
	default:
		return badRequest("batch is true or false, not " + quote(batch))
	}
	if !x.query.Has("event_id") {
		return nil
	}
	x.target.eventID = x.query.Get("event_id")
	if rule := checkEventID(x.target.eventID); rule != "" {
		return badRequest("event_id " + rule)
	}
	return nil
}

// maxEventID is the longest event_id of a publisher, in bytes.
const maxEventID = 256

// checkEventID returns the rule that id breaks, or "".
func checkEventID(id string) string {
	switch {
	case id == "":
		return "is empty; leave it out to have one minted"
	case len(id) > maxEventID:
		return "is longer than 256 bytes"
	case !utf8.ValidString(id):
		return "is not UTF-8"
	case strings.ContainsFunc(id, unicode.IsControl):
		return "holds a control character"
	}
	return ""
}
