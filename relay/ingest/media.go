package ingest

import (
	"mime"
	"net/http"
	"strings"

	"eventrelay/relay"
)

// form is what a body is, as its Content-Type says.
type form uint8

const (
	asJSON   form = iota // one JSON value
	asText               // UTF-8
	asBytes              // whatever it is
	asLines              // a batch, one JSON value per line
	asEvent              // a structured CloudEvent
	asEvents             // a batch of them
)

// kind is what the payload of an event is whose content has this form.
func (f form) kind() relay.Kind {
	switch f {
	case asJSON:
		return relay.KindJSON
	case asText:
		return relay.KindText
	}
	return relay.KindBinary
}

// media is a Content-Type that was understood.
type media struct {
	form form
	name string // type/subtype, in lower case
	hint string // on bad JSON, why the body was read as JSON
}

const jsonName = "application/json"

const (
	hintForm    = " (the Content-Type is application/x-www-form-urlencoded, as curl -d sends it, and is read as JSON; for anything else set -H 'Content-Type: text/plain' or what it is)"
	hintMissing = " (without a Content-Type the body is read as JSON; for anything else set Content-Type: text/plain or what it is)"
)

// exact holds the values that nearly all requests send, so that they need no parsing.
var exact = map[string]media{
	"":                                  {asJSON, jsonName, hintMissing},
	"application/x-www-form-urlencoded": {asJSON, jsonName, hintForm},
	jsonName:                            {asJSON, jsonName, ""},
	"application/json; charset=utf-8":   {asJSON, jsonName, ""},
	"application/x-ndjson":              {asLines, "application/x-ndjson", ""},
	"application/ndjson":                {asLines, "application/ndjson", ""},
	"application/jsonl":                 {asLines, "application/jsonl", ""},
	"application/x-jsonlines":           {asLines, "application/x-jsonlines", ""},
	"text/plain":                        {asText, "text/plain", ""},
	"application/octet-stream":          {asBytes, "application/octet-stream", ""},
	cloudEvent:                          {asEvent, cloudEvent, ""},
	cloudEvents:                         {asEvents, cloudEvents, ""},
}

// parseMedia understands a Content-Type, or says what is wrong with it.
func parseMedia(value string) (m media, rule string) {
	if m, ok := exact[value]; ok {
		return m, ""
	}
	name, params, err := mime.ParseMediaType(value)
	if err != nil || !strings.Contains(name, "/") || strings.Contains(name, "*") {
		return media{}, "is no media type"
	}
	m, known := exact[name]
	if !known {
		m = media{formOf(name), name, ""}
	}
	if charset := params["charset"]; m.form != asBytes && !isUTF8(charset) {
		return media{}, "has charset " + quote(charset) + "; send UTF-8"
	}
	return m, ""
}

func formOf(name string) form {
	switch {
	case strings.HasPrefix(name, "text/"):
		return asText
	case strings.HasSuffix(name, "+json"):
		return asJSON
	}
	return asBytes
}

func isUTF8(charset string) bool {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return true
	}
	return false
}

// sort finds out what the body is.
func (x *exchange) sort() *problem {
	h := x.r.Header
	// NOTE: Get would canonicalize the name first, in each request.
	if coding := first(h["Content-Encoding"]); coding != "" && !strings.EqualFold(coding, "identity") {
		p := unsupported("Content-Encoding " + quote(coding) + " is not understood; send the body as it is")
		p.header = header{"Accept-Encoding", "identity"} // RFC 9110 §15.5.16
		return p
	}
	values := h["Content-Type"]
	if len(values) > 1 {
		return unsupported("Content-Type is given twice")
	}
	value := first(values)
	m, rule := parseMedia(value)
	switch {
	case rule != "":
		return unsupported("Content-Type " + quote(value) + " " + rule)
	case strings.HasPrefix(m.name, "multipart/"):
		return unsupported("Content-Type " + m.name + " is not understood; send one event as the body (with curl: -d or --data-binary, not -F)")
	case strings.HasPrefix(m.name, cloudEventPrefix) && m.form != asEvent && m.form != asEvents:
		return unsupported("Content-Type " + m.name + " is not understood; send CloudEvents as " + cloudEvent)
	}
	x.media = m
	return x.agree()
}

// agree checks that the query fits the form of the body.
func (x *exchange) agree() *problem {
	many := x.media.form == asLines || x.media.form == asEvents
	if !many && x.media.form != asEvent && !x.target.batch && x.target.eventID == "" {
		return nil
	}
	switch {
	case x.target.eventID != "" && (many || x.target.batch):
		return badRequest("?event_id= names one event, and this is a batch; say event_id in its items")
	case x.target.eventID != "" && (x.media.form == asEvent || x.binaryEvent()):
		return badRequest("?event_id= is given, and a CloudEvent has its own id")
	case x.target.batch && (!many && x.media.form != asJSON || x.binaryEvent()):
		return badRequest("?batch=true needs a JSON array, and Content-Type says " + x.media.name)
	case (many || x.media.form == asEvent) && x.binaryEvent():
		return badRequest("ce- headers make the body the data of one CloudEvent, and Content-Type says " + x.media.name)
	}
	return nil
}

// first returns the first value of a header field, or "".
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func unsupported(detail string) *problem {
	return &problem{status: http.StatusUnsupportedMediaType, detail: detail}
}
