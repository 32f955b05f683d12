package transport

import (
	"fmt"
	"sync"

	"eventrelay/relay"
	"eventrelay/relay/rawjson"
)

// maxDepth bounds how deep the JSON of a command may nest.
const maxDepth = 32

// scanners read JSON the way the publish API does: what is JSON there is JSON here.
var scanners = sync.Pool{New: func() any { return new(rawjson.Scanner) }}

// textKind returns the kind of a text payload.
func textKind(p []byte) relay.Kind {
	s := scanners.Get().(*rawjson.Scanner)
	defer putScanner(s)
	s.Reset(p)
	if _, fault := s.Document(); fault != nil {
		return relay.KindText
	}
	return relay.KindJSON
}

// putScanner gives a scanner back without the text it read.
func putScanner(s *rawjson.Scanner) {
	s.Reset(nil)
	scanners.Put(s)
}

// member is one member of a JSON object. Value is its text, and lies in the object's.
type member struct {
	key   string
	value []byte
}

// members returns the members of the object that p is.
func members(p []byte) ([]member, *rawjson.Fault) {
	s := scanners.Get().(*rawjson.Scanner)
	defer putScanner(s)
	s.Reset(p)
	if !s.Enter('{') {
		return nil, s.Err()
	}
	var ms []member
	for s.Next() {
		key := string(s.Key())
		value, _, ok := s.Value()
		if !ok {
			break
		}
		ms = append(ms, member{key, value})
	}
	return ms, s.Err()
}

// jsonString returns the string that the JSON value p is, and whether it is one.
func jsonString(p []byte) (string, bool) {
	if len(p) == 0 || p[0] != '"' {
		return "", false
	}
	return string(rawjson.AppendString(nil, p)), true
}

// tooDeep returns why p nests too deep, or nil. It looks at brackets only, in front of all other checks, so that depth
// costs nothing.
func tooDeep(p []byte) *rawjson.Fault {
	depth := 0
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				return &rawjson.Fault{Offset: i, Reason: fmt.Sprintf("nests deeper than %d", maxDepth)}
			}
		case '}', ']':
			depth--
		case '"':
			i = stringEnd(p, i)
		}
	}
	return nil
}

// stringEnd returns the index of the quote that ends the string begun at p[i], or len(p).
func stringEnd(p []byte, i int) int {
	for i++; i < len(p) && p[i] != '"'; i++ {
		if p[i] == '\\' {
			i++
		}
	}
	return min(i, len(p))
}
