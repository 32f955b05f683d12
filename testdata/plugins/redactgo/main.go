// Command redactgo is a filter in Go that hides fields of JSON events:
//
//	config: {fields: [card, ssn], mask: "***"}
//
// The value of every field of these names, at any depth, of whatever kind, becomes the mask ("[redacted]" if none is
// given). All other bytes stay as they were. Events that are no JSON pass. JSON is recognised by its text, not by how
// it was labelled, since a client may send JSON as text.
package main

import (
	"errors"

	"eventrelay/sdk"
)

func init() {
	var r redactor
	sdk.OnInit(func(c sdk.Config) (err error) {
		r, err = configure(c)
		return err
	})
	sdk.OnEvent(func(e *sdk.Event) sdk.Verdict { return r.decide(e) })
}

func main() {}

func configure(c sdk.Config) (redactor, error) {
	fields, err := c.Strings("fields")
	if err != nil {
		return redactor{}, err
	}
	if len(fields) == 0 {
		return redactor{}, errors.New("config: fields: name at least one field to redact")
	}
	mask, err := c.String("mask", "[redacted]")
	if err != nil {
		return redactor{}, err
	}
	return newRedactor(fields, mask), c.Only("fields", "mask")
}
