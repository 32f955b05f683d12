// Package jsonscan reads JSON (RFC 8259) where it lies: it yields tokens as ranges of the text, decodes nothing that is
// not asked for, and allocates nothing up to a depth of 512. That is what a filter wants, which looks at a few fields
// of an event and changes fewer: what it does not touch stays as it was, byte for byte, big numbers, duplicate names
// and odd escapes included.
//
// It is strict: text that it scans to the end is one JSON value. Two things are left to the caller: names may come
// twice, and escapes may spell lone surrogates.
//
//	text → Scanner.Next → Token{Kind, Start, End} … → io.EOF
package jsonscan

import (
	"errors"
	"io"
	"strconv"
)

// ErrSyntax is returned when the text is not one JSON value. The error is a *SyntaxError.
var ErrSyntax = errors.New("not JSON")

// SyntaxError says where a text ceases to be JSON.
type SyntaxError struct {
	Offset int
	Want   string
}

func (e *SyntaxError) Error() string {
	return "not JSON at byte " + strconv.Itoa(e.Offset) + ": want " + e.Want
}

// Is reports whether target is ErrSyntax.
func (e *SyntaxError) Is(target error) bool { return target == ErrSyntax }

// Kind is the kind of a token.
type Kind uint8

const (
	BeginObject Kind = iota + 1
	EndObject
	BeginArray
	EndArray
	Name // of an object's member; a string
	String
	Number
	True
	False
	Null
)

// Token is one token: text[Start:End], for names and strings with their quotes. Colons and commas are no tokens.
type Token struct {
	Kind       Kind
	Start, End int
}

// state is what may come next.
type state uint8

const (
	value      state = iota // a value
	firstValue              // a value or ]
	firstName               // a name or }
	name                    // a name
	colon                   // a colon
	after                   // a comma or the end of the container, or of the text
)

// Scanner walks the tokens of one text. The zero Scanner walks the empty text, which is an error.
type Scanner struct {
	text  []byte
	pos   int
	depth int
	state state
	near  [8]uint64 // a bit per level: 1 for an object
	far   []uint64  // the levels beyond
	err   error
}

// New returns a Scanner of text, which must not change while it is scanned.
func New(text []byte) Scanner { return Scanner{text: text} }

// Bytes returns the text of t.
func (s *Scanner) Bytes(t Token) []byte { return s.text[t.Start:t.End] }

// Depth returns how many objects and arrays are open.
func (s *Scanner) Depth() int { return s.depth }

// Next returns the next token; io.EOF after the last; a *SyntaxError where the text is no JSON. After an error it
// returns that error.
func (s *Scanner) Next() (Token, error) {
	for s.err == nil {
		s.space()
		if s.pos == len(s.text) {
			return s.end()
		}
		c := s.text[s.pos]
		switch {
		case s.state == after && s.depth == 0:
			return s.fail("the end")
		case s.state == after && c == ',':
			s.pos++
			s.state = value
			if s.inObject() {
				s.state = name
			}
		case s.state == colon:
			if c != ':' {
				return s.fail("a colon")
			}
			s.pos++
			s.state = value
		case (s.state == after || s.state == firstName) && c == '}' && s.inObject():
			return s.leave(EndObject)
		case (s.state == after || s.state == firstValue) && c == ']' && !s.inObject():
			return s.leave(EndArray)
		case s.state == after:
			return s.fail("a comma or the end of the list")
		case s.state == name || s.state == firstName:
			return s.name(c)
		default:
			return s.value(c)
		}
	}
	return Token{}, s.err
}

// Skip returns the whole next value, from its first token's Start to its last one's End, with the Kind of the first.
// Call it where a value is due, after a Name for instance.
func (s *Scanner) Skip() (Token, error) {
	first, err := s.Next()
	if err != nil {
		return first, err
	}
	depth := s.depth
	if first.Kind != BeginObject && first.Kind != BeginArray {
		return first, nil
	}
	for s.depth >= depth {
		last, err := s.Next()
		if err != nil {
			return Token{}, err
		}
		first.End = last.End
	}
	return first, nil
}

func (s *Scanner) fail(want string) (Token, error) {
	s.err = &SyntaxError{Offset: s.pos, Want: want}
	return Token{}, s.err
}

func (s *Scanner) end() (Token, error) {
	if s.state == after && s.depth == 0 {
		s.err = io.EOF
		return Token{}, s.err
	}
	return s.fail("more text")
}

func (s *Scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return
		}
	}
}

func (s *Scanner) name(c byte) (Token, error) {
	if c != '"' {
		return s.fail("a name in quotes")
	}
	s.state = colon
	return s.string(Name)
}

func (s *Scanner) value(c byte) (Token, error) {
	switch c {
	case '{':
		return s.enter(BeginObject, firstName)
	case '[':
		return s.enter(BeginArray, firstValue)
	case '"':
		s.state = after
		return s.string(String)
	case 't':
		return s.literal(True, "true")
	case 'f':
		return s.literal(False, "false")
	case 'n':
		return s.literal(Null, "null")
	}
	if c == '-' || isDigit(c) {
		return s.number()
	}
	return s.fail("a value")
}

func (s *Scanner) literal(k Kind, word string) (Token, error) {
	start := s.pos
	if len(s.text)-start < len(word) || string(s.text[start:start+len(word)]) != word {
		return s.fail(word)
	}
	s.pos += len(word)
	s.state = after
	return Token{k, start, s.pos}, nil
}

func (s *Scanner) enter(k Kind, next state) (Token, error) {
	s.push(k == BeginObject)
	s.state = next
	s.pos++
	return Token{k, s.pos - 1, s.pos}, nil
}

func (s *Scanner) leave(k Kind) (Token, error) {
	s.depth--
	s.state = after
	s.pos++
	return Token{k, s.pos - 1, s.pos}, nil
}

// push opens a level.
func (s *Scanner) push(object bool) {
	word, bit := s.level(s.depth)
	*word &^= bit
	if object {
		*word |= bit
	}
	s.depth++
}

// inObject reports whether the innermost open level is an object.
func (s *Scanner) inObject() bool {
	if s.depth == 0 {
		return false
	}
	word, bit := s.level(s.depth - 1)
	return *word&bit != 0
}

// level returns where the kind of level i is kept.
func (s *Scanner) level(i int) (word *uint64, bit uint64) {
	w, bit := i/64, uint64(1)<<(i%64)
	if w < len(s.near) {
		return &s.near[w], bit
	}
	w -= len(s.near)
	if w == len(s.far) {
		s.far = append(s.far, 0)
	}
	return &s.far[w], bit
}
