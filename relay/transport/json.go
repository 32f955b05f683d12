package transport

import (
	"encoding/json"
	"fmt"
)

// maxDepth bounds how deep the JSON of a command may nest.
const maxDepth = 32

// jsonFault returns what is wrong with p as one JSON value no deeper than maxDepth, or "".
func jsonFault(p []byte) string {
	depth, deepest := 0, 0
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		case '"':
			i = stringEnd(p, i) - 1
		}
		if deepest > maxDepth { // before json.Valid, so that depth costs nothing
			return fmt.Sprintf("JSON nests deeper than %d", maxDepth)
		}
	}
	if !json.Valid(p) {
		return "not JSON: " + syntaxFault(p)
	}
	return ""
}

func syntaxFault(p []byte) string {
	var v json.RawMessage
	err := json.Unmarshal(p, &v)
	if se, ok := err.(*json.SyntaxError); ok { //nolint:errorlint // Unmarshal does not wrap it
		return fmt.Sprintf("%v at byte %d", err, se.Offset)
	}
	return "invalid"
}

// member is one member of a JSON object. Value is its text.
type member struct {
	key   string
	value []byte
}

// members returns the members of p, or a fault: p is no object, or holds a key twice. p must be valid JSON.
func members(p []byte) (ms []member, fault string) {
	i := skipSpace(p, 0)
	if p[i] != '{' {
		return nil, "not a JSON object"
	}
	for i = skipSpace(p, i+1); p[i] != '}'; i = skipSpace(p, i) {
		if p[i] == ',' {
			i = skipSpace(p, i+1)
		}
		end := stringEnd(p, i)
		key, _ := jsonString(p[i:end])
		i = skipSpace(p, skipSpace(p, end)+1) // past the colon
		end = valueEnd(p, i)
		for _, m := range ms {
			if m.key == key {
				return nil, fmt.Sprintf("key %.32q comes twice", key)
			}
		}
		if len(ms) == maxMembers {
			return nil, fmt.Sprintf("more than %d keys in one object", maxMembers)
		}
		ms = append(ms, member{key, p[i:end]})
		i = end
	}
	return ms, ""
}

// maxMembers bounds the keys of the objects that members reads; no command has as many.
const maxMembers = 8

// jsonString returns the string that the JSON text p is, and whether it is one.
func jsonString(p []byte) (s string, ok bool) {
	if len(p) == 0 || p[0] != '"' {
		return "", false
	}
	return s, json.Unmarshal(p, &s) == nil
}

func skipSpace(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\t' || p[i] == '\n' || p[i] == '\r') {
		i++
	}
	return i
}

// stringEnd returns the index after the string that begins at p[i], or len(p) if it does not end.
func stringEnd(p []byte, i int) int {
	for i++; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(p)
}

// valueEnd returns the index after the value that begins at p[i] in valid JSON.
func valueEnd(p []byte, i int) int {
	for depth := 0; i < len(p); i++ {
		switch p[i] {
		case '"':
			i = stringEnd(p, i) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}
