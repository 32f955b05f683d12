package ingest

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"eventrelay/relay"
)

// Attributes that the relay sets. Publishers cannot set those of the first three names.
const (
	attrType       = "content_type"   // of the payload: type/subtype
	attrRemote     = "remote_address" // address and port of the publisher
	attrConnection = "connection"     // of inbound events only
	cePrefix       = "ce_"            // attributes of a CloudEvent
)

// common returns the attributes of every event of this request whose content is of type name.
func (x *exchange) common(name string) relay.Attributes { return x.appendCommon(nil, name) }

func (x *exchange) appendCommon(a relay.Attributes, name string) relay.Attributes {
	return append(a, relay.Attribute{Key: attrType, Value: name}, relay.Attribute{Key: attrRemote, Value: x.r.RemoteAddr})
}

// shared returns the attributes of all items of this request whose payload is of kind k. They are never changed.
func (x *exchange) shared(k relay.Kind) relay.Attributes {
	if x.sharedBy[k] == nil {
		x.sharedBy[k] = x.common([...]string{"application/octet-stream", "text/plain", jsonName}[k])
	}
	return x.sharedBy[k]
}

// Bounds of a publisher's own attributes.
const (
	maxAttributes   = 64
	maxAttributeKey = 128
)

// checkAttribute returns the rule that a publisher's attribute breaks, or "".
func checkAttribute(key string) string {
	switch {
	case key == "":
		return "has an empty name"
	case len(key) > maxAttributeKey:
		return "has a name longer than 128 bytes"
	case key == attrType || key == attrRemote || key == attrConnection:
		return "is set by the relay"
	case strings.ContainsFunc(key, unicode.IsControl):
		return "has a control character in its name"
	}
	return ""
}

func sortAttributes(a relay.Attributes) relay.Attributes {
	slices.SortFunc(a, func(x, y relay.Attribute) int { return cmp.Compare(x.Key, y.Key) })
	return a
}
