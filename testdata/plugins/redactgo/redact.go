package main

import (
	"io"

	"eventrelay/sdk"
	"eventrelay/sdk/jsonscan"
)

// redactor replaces the values of some fields by a mask.
type redactor struct {
	fields []string
	mask   []byte // a JSON string
	out    []byte // reused from event to event
}

func newRedactor(fields []string, mask string) redactor {
	return redactor{fields: fields, mask: jsonscan.AppendQuoted(nil, mask)}
}

func (r *redactor) decide(e *sdk.Event) sdk.Verdict {
	out, err := r.redact(e.Payload)
	switch {
	case err != nil && e.Kind == sdk.JSON:
		return sdk.Fail(err.Error()) // relay said that it is JSON: better no event than one with the secret in it
	case err != nil || out == nil:
		return sdk.Pass()
	}
	return sdk.Replace(out)
}

// redact returns text with every such field masked, or nil if it has none; an error if text is not JSON. What it
// returns is overwritten by the next call.
func (r *redactor) redact(text []byte) ([]byte, error) {
	out, copied := r.out[:0], 0
	s := jsonscan.New(text)
	for {
		t, err := s.Next()
		if err == nil && t.Kind == jsonscan.Name && r.hides(s.Bytes(t)) {
			if t, err = s.Skip(); err == nil {
				out = append(out, text[copied:t.Start]...)
				out = append(out, r.mask...)
				copied = t.End
			}
		}
		switch {
		case err == io.EOF && copied == 0:
			return nil, nil
		case err == io.EOF:
			r.out = append(out, text[copied:]...)
			return r.out, nil
		case err != nil:
			return nil, err
		}
	}
}

func (r *redactor) hides(name []byte) bool {
	for _, f := range r.fields {
		if jsonscan.Equal(name, f) {
			return true
		}
	}
	return false
}
