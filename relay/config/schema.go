package config

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"eventrelay/relay"
	"eventrelay/relay/auth"
)

// shape is what a key's value looks like in YAML.
type shape uint8

const (
	scalar  shape = iota
	section       // a mapping with known keys
	list
	free // a mapping with any keys, handed on as it is (a filter's config)
)

// field is one known key, built from the options' struct tags.
type field struct {
	path   string // dotted, "[]" for items of a list: filters[].limits.time
	key    string // the last part of path
	shape  shape
	typ    reflect.Type
	fields []*field // of a section
	item   *field   // of a list
	index  int      // in the struct of the section that holds it
	inList bool     // below an item of a list: the defaults of items are not in the schema
	def    any      // the default, where it is not zero
}

// schema is the table of all known keys.
var schema = sync.OnceValue(func() *field {
	return newField("", "", reflect.ValueOf(*Default()))
})

func newField(path, key string, v reflect.Value) *field {
	f := &field{path: path, key: key, typ: v.Type(), inList: strings.Contains(path, "[]")}
	switch v.Kind() {
	case reflect.Struct:
		f.shape = section
		f.fields = structFields(path, v)
	case reflect.Slice:
		f.shape = list
		f.item = newField(path+"[]", key, reflect.Zero(f.typ.Elem()))
	case reflect.Map:
		f.shape = free
	default:
		if !v.IsZero() {
			f.def = v.Interface()
		}
	}
	return f
}

func structFields(path string, v reflect.Value) []*field {
	var out []*field
	for i := range v.NumField() {
		if key := v.Type().Field(i).Tag.Get("koanf"); key != "" && key != "-" {
			f := newField(joinKey(path, key), key, v.Field(i))
			f.index = i
			out = append(out, f)
		}
	}
	return out
}

func joinKey(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// sub returns the field of a section that has the very key.
func (f *field) sub(key string) *field {
	for _, s := range f.fields {
		if s.key == key {
			return s
		}
	}
	return nil
}

// leaves calls yield with every field that is no section; a list is one leaf, whatever is in its items.
func (f *field) leaves(yield func(*field)) {
	if f.shape != section {
		yield(f)
	}
	for _, s := range f.fields {
		s.leaves(yield)
	}
}

// all calls yield with every known key, sections and items of lists among them.
func (f *field) all(yield func(*field)) {
	for _, s := range f.fields {
		yield(s)
		s.all(yield)
	}
	if f.item != nil {
		f.item.all(yield)
	}
}

// at returns the field of a dotted path without list items, or nil.
func (f *field) at(path string) *field {
	for key := range strings.SplitSeq(path, ".") {
		if f = f.sub(key); f == nil {
			return nil
		}
	}
	return f
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[relay.Size]()
	topicType    = reflect.TypeFor[relay.Topic]()
	patternType  = reflect.TypeFor[relay.Pattern]()
	secretType   = reflect.TypeFor[auth.Secret]()
)

// example returns what a value may look like, for messages.
func (f *field) example() string {
	switch {
	case f.shape == list && f.item.shape == section:
		return "- " + f.item.fields[0].key + ": …"
	case f.shape == list:
		return "[" + f.item.example() + "]"
	case f.def != nil:
		return fmt.Sprint(plain(f.def))
	case f.typ == durationType:
		return "10ms"
	case f.typ == sizeType:
		return "16MiB"
	case f.typ.Kind() == reflect.Int:
		return "4"
	case f.typ.Kind() == reflect.Bool:
		return "true"
	case f.typ == patternType:
		return `"orders.>"`
	}
	return "text"
}

// secret reports whether the field's value must not be shown.
func (f *field) secret() bool {
	return f.typ == secretType || f.item != nil && f.item.typ == secretType
}

// isFile reports whether the field names a file: relative ones in relay.yaml are relative to it.
func (f *field) isFile() bool {
	return f.path == "filters[].path" || f.path == "filters[].script" || strings.HasSuffix(f.key, "_file")
}
