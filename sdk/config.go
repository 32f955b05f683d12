package sdk

import (
	"errors"
	"io"
	"strconv"

	"eventrelay/sdk/jsonscan"
)

// Config is what the operator wrote under `config:` in relay.yaml, as a JSON object; {} if nothing. Read it field by
// field, or as a whole with a JSON decoder of your choice.
type Config []byte

// ErrConfig is returned when the configuration is not what the filter expects. The wrapping error says what is.
var ErrConfig = errors.New("config")

type configError struct{ text string }

func (e *configError) Error() string        { return "config: " + e.text }
func (e *configError) Is(target error) bool { return target == ErrConfig }

// Only returns an error if there is a field of another name, which is most often a slip of the pen.
func (c Config) Only(names ...string) error {
	return c.each(func(name string, _ field) error {
		for _, n := range names {
			if n == name {
				return nil
			}
		}
		return &configError{strconv.Quote(name) + " is unknown; there are: " + join(names)}
	})
}

// String returns the text of a field, or otherwise if there is no such field.
func (c Config) String(name, otherwise string) (string, error) {
	f, err := c.find(name, jsonscan.String, "text")
	if f.kind == 0 {
		return otherwise, err
	}
	return f.text(), nil
}

// Strings returns the texts of a field that is a list, or nil if there is no such field. A single text is a list of one.
func (c Config) Strings(name string) ([]string, error) {
	f, err := c.lookup(name)
	switch {
	case err != nil || f.kind == 0:
		return nil, err
	case f.kind == jsonscan.String:
		return []string{f.text()}, nil
	case f.kind != jsonscan.BeginArray:
		return nil, wrongKind(name, "a list of texts")
	}
	var list []string
	s := jsonscan.New(f.bytes)
	_, err = s.Next() // the bracket
	for err == nil {
		var t jsonscan.Token
		if t, err = s.Next(); err != nil || t.Kind == jsonscan.EndArray {
			break
		}
		if t.Kind != jsonscan.String {
			return nil, wrongKind(name, "a list of texts")
		}
		list = append(list, field{t.Kind, s.Bytes(t)}.text())
	}
	return list, err
}

// Int returns the whole number of a field, or otherwise if there is no such field.
func (c Config) Int(name string, otherwise int64) (int64, error) {
	f, err := c.find(name, jsonscan.Number, "a whole number")
	if f.kind == 0 {
		return otherwise, err
	}
	n, err := strconv.ParseInt(string(f.bytes), 10, 64)
	if err != nil {
		return otherwise, wrongKind(name, "a whole number")
	}
	return n, nil
}

// Bool returns whether a field is true, or otherwise if there is no such field.
func (c Config) Bool(name string, otherwise bool) (bool, error) {
	f, err := c.lookup(name)
	switch f.kind {
	case 0:
		return otherwise, err
	case jsonscan.True, jsonscan.False:
		return f.kind == jsonscan.True, nil
	}
	return otherwise, wrongKind(name, "true or false")
}

// field is the value of a field. A zero kind means that there is none.
type field struct {
	kind  jsonscan.Kind
	bytes []byte
}

func (f field) text() string { return string(jsonscan.AppendUnquoted(nil, f.bytes)) }

// find is lookup for a field that, if it is there, must be of one kind.
func (c Config) find(name string, kind jsonscan.Kind, want string) (field, error) {
	f, err := c.lookup(name)
	if err == nil && f.kind != 0 && f.kind != kind {
		return field{}, wrongKind(name, want)
	}
	return f, err
}

// lookup returns the value of the field, the last one if the name comes twice.
func (c Config) lookup(name string) (found field, err error) {
	err = c.each(func(n string, f field) error {
		if n == name {
			found = f
		}
		return nil
	})
	if err != nil {
		return field{}, err
	}
	return found, nil
}

// each calls do for each field of c.
func (c Config) each(do func(name string, f field) error) error {
	s := jsonscan.New(c)
	t, err := s.Next()
	if err == nil && t.Kind != jsonscan.BeginObject {
		return &configError{"want an object of names and values"}
	}
	for err == nil {
		if t, err = s.Next(); err != nil || t.Kind == jsonscan.EndObject {
			continue // after the object comes the end of the text
		}
		name := field{t.Kind, s.Bytes(t)}.text()
		if t, err = s.Skip(); err == nil {
			if err := do(name, field{t.Kind, s.Bytes(t)}); err != nil {
				return err
			}
		}
	}
	if err != io.EOF {
		return &configError{err.Error()}
	}
	return nil
}

func wrongKind(name, want string) error { return &configError{name + ": want " + want} }

func join(names []string) (s string) {
	for i, n := range names {
		if i > 0 {
			s += ", "
		}
		s += n
	}
	return s
}
