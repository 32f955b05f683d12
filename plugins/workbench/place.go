package workbench

import (
	"bytes"
	"fmt"
	"strings"

	"eventrelay/relay/nearest"
	"eventrelay/relay/rawjson"
)

// node is a JSON value and where it lies in its file.
type node struct {
	raw []byte
	at  int
}

// fault is what is wrong with a file of JSON, and at which byte.
type fault struct {
	at   int
	text string
}

func (f *fault) Error() string { return f.text }

func faultf(at int, format string, args ...any) *fault {
	return &fault{at, fmt.Sprintf(format, args...)}
}

// FileError is returned for a case or a recording that cannot be read.
type FileError struct {
	File         string
	Line, Column int // from 1; 0: the file as a whole
	Problem      string
}

func (e *FileError) Error() string {
	switch {
	case e.Line == 0:
		return e.File + ": " + e.Problem
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Problem)
}

// in places f in the text of a file that begins at the given line.
func (f *fault) in(file string, text []byte, line int) *FileError {
	before := text[:min(max(f.at, 0), len(text))]
	line += bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return &FileError{file, line, column, f.text}
}

// members calls do for every member of the object that n is. A key that is none of known is a fault, with the nearest
// that is.
func (n node) members(what string, known []string, do func(key string, v node) *fault) *fault {
	return n.each(what, func(key string, v node) *fault {
		if f := checkKey(what, key, known, v.at); f != nil {
			return f
		}
		return do(key, v)
	})
}

// each calls do for every member of the object that n is.
func (n node) each(what string, do func(key string, v node) *fault) *fault {
	if len(n.raw) == 0 || n.raw[0] != '{' {
		return faultf(n.at, "%s is an object", what)
	}
	var s rawjson.Scanner
	s.Reset(n.raw)
	for ok := s.Enter('{'); ok && s.Next(); {
		key := string(s.Key())
		raw, at, valid := s.Value()
		if !valid {
			break
		}
		if f := do(key, node{raw, n.at + at}); f != nil {
			return f
		}
	}
	return n.syntax(&s)
}

// elements calls do for every element of the array that n is.
func (n node) elements(what string, do func(v node) *fault) *fault {
	if len(n.raw) == 0 || n.raw[0] != '[' {
		return faultf(n.at, "%s is a list", what)
	}
	var s rawjson.Scanner
	s.Reset(n.raw)
	for ok := s.Enter('['); ok && s.Next(); {
		raw, at, valid := s.Value()
		if !valid {
			break
		}
		if f := do(node{raw, n.at + at}); f != nil {
			return f
		}
	}
	return n.syntax(&s)
}

func (n node) syntax(s *rawjson.Scanner) *fault {
	if f := s.Err(); f != nil {
		return faultf(n.at+f.Offset, "not JSON: %s", f.Reason)
	}
	return nil
}

func checkKey(what, key string, known []string, at int) *fault {
	for _, k := range known {
		if k == key {
			return nil
		}
	}
	if best, ok := nearest.To(key, known); ok {
		return faultf(at, "%s has no %.40q; is %s meant?", what, key, best)
	}
	return faultf(at, "%s has no %.40q; there are %s", what, key, strings.Join(known, ", "))
}

// text returns the string that n is.
func (n node) text(what string) (string, *fault) {
	if len(n.raw) == 0 || n.raw[0] != '"' {
		return "", faultf(n.at, "%s is a string", what)
	}
	return string(rawjson.AppendString(nil, n.raw)), nil
}

// texts returns the strings of the list that n is.
func (n node) texts(what string) (list []string, f *fault) {
	list = []string{}
	f = n.elements(what, func(v node) *fault {
		s, f := v.text("each of " + what)
		list = append(list, s)
		return f
	})
	return list, f
}

// document returns the one JSON value that text is, without white space around it.
func document(text []byte) (node, *fault) {
	var s rawjson.Scanner
	s.Reset(text)
	raw, f := s.Document()
	if f != nil {
		return node{}, faultf(f.Offset, "not JSON: %s", f.Reason)
	}
	return node{raw, cap(text) - cap(raw)}, nil // raw is a part of text
}
