package ingest

import (
	"net/url"
	"strings"

	"eventrelay/relay"
)

const ceHeader = "Ce-"

// binaryEvent reports whether the request is a CloudEvent in binary mode: attributes in headers, data in the body.
func (x *exchange) binaryEvent() bool {
	_, spec := x.r.Header["Ce-Specversion"]
	_, id := x.r.Header["Ce-Id"]
	return spec || id
}

// headersEvent makes an event of a CloudEvent in binary mode.
func (x *exchange) headersEvent(ev *relay.Event) *problem {
	d := cloudEventDraft{contentType: x.r.Header.Get("Content-Type")}
	for name, values := range x.r.Header {
		attribute, ok := strings.CutPrefix(name, ceHeader)
		if !ok {
			continue
		}
		if rule := d.header(strings.ToLower(attribute), values); rule != "" {
			return badRequest("header " + quote(strings.ToLower(name)) + " " + rule)
		}
	}
	if _, f := d.apply(x, ev); f != nil {
		return badRequest(f.reason)
	}
	if len(x.body) == 0 {
		x.noData(ev, x.media.form.kind())
		return nil
	}
	return x.composed(x.content(ev, x.media.form.kind(), x.body, 0))
}

// header takes one attribute from the values of its header.
func (d *cloudEventDraft) header(name string, values []string) (rule string) {
	if len(values) != 1 {
		return "is given twice"
	}
	if name == "datacontenttype" {
		return "is not allowed; Content-Type says it"
	}
	// HTTP binding §3.1.3.2: quoted strings first, then one round of percent-decoding.
	value, err := url.PathUnescape(unquoteHeader(values[0]))
	if err != nil {
		return "is not percent-encoded"
	}
	return d.set(name, value)
}

// unquoteHeader returns what a quoted-string stands for (RFC 9110 §5.6.4), or s when it is none.
func unquoteHeader(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i < len(s)-2 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
