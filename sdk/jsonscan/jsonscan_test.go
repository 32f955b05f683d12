package jsonscan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/sdk/jsonscan"
)

// scan returns the tokens of text, joined by spaces, and how the scan ended.
func scan(text string) (string, error) {
	s := jsonscan.New([]byte(text))
	var tokens []string
	for {
		t, err := s.Next()
		if err != nil {
			return strings.Join(tokens, " "), err
		}
		tokens = append(tokens, fmt.Sprint(t.Kind)+":"+string(s.Bytes(t)))
	}
}

func TestScanner(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"literals", ` [true,false , null] `, "3:[ 8:true 9:false 10:null 4:]"},
		{"object", `{"a":1,"b":{"c":[]}}`, `1:{ 5:"a" 7:1 5:"b" 1:{ 5:"c" 3:[ 4:] 2:} 2:}`},
		{"empty", `{}`, "1:{ 2:}"},
		{"string", `"a\"\\é€😀"`, `6:"a\"\\é€😀"`},
		{"same name twice", `{"a":1,"a":2}`, `1:{ 5:"a" 7:1 5:"a" 7:2 2:}`},
		{"numbers", "[-0, 0.5, 1e400, -12E-3, 1e+2]", "3:[ 7:-0 7:0.5 7:1e400 7:-12E-3 7:1e+2 4:]"},
		{"white space of every kind", "\t\r\n 1 \n", "7:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := scan(tt.text)
			assert.ErrorIs(t, err, io.EOF)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestScanner_Faults(t *testing.T) {
	tests := []struct {
		text   string
		offset int
	}{
		{"", 0},
		{" ", 1},
		{"{", 1},
		{"[1", 2},
		{"[1,]", 3},
		{"[,1]", 1},
		{`{"a"}`, 4},
		{`{"a":}`, 5},
		{`{"a":1,}`, 7},
		{`{a:1}`, 1},
		{`{"a":1]`, 6},
		{`[1}`, 2},
		{"1 2", 2},
		{"nul", 0},
		{"nulls", 4},
		{"01", 1},
		{"+1", 0},
		{"-", 1},
		{"1.", 2},
		{".5", 0},
		{"1e", 2},
		{"1e+", 3},
		{`"a`, 2},
		{"\"\n\"", 1},
		{`"\x"`, 1},
		{`"\u12"`, 1},
		{`"\`, 1},
		{"\"\xff\"", 1},
		{"\"\xc0\x80\"", 1},
		{"\"\xed\xa0\x80\"", 1},
		{"\ufeff1", 0},
		{"NaN", 0},
		{"]", 0},
		{"{1:2}", 1},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			_, err := scan(tt.text)
			assert.ErrorIs(t, err, jsonscan.ErrSyntax)
			var at *jsonscan.SyntaxError
			require.ErrorAs(t, err, &at)
			assert.Equal(t, tt.offset, at.Offset, err.Error())
		})
	}
}

func TestScanner_ErrorStays(t *testing.T) {
	s := jsonscan.New([]byte("1"))
	for _, want := range []error{nil, io.EOF, io.EOF} {
		_, err := s.Next()
		assert.Equal(t, want, err)
	}
}

func TestScanner_Deep(t *testing.T) {
	const depth = 100_000
	s := jsonscan.New([]byte(strings.Repeat(`[{"":`, depth) + "1" + strings.Repeat("}]", depth)))
	whole, err := s.Skip()
	require.NoError(t, err)
	assert.Equal(t, jsonscan.Token{Kind: jsonscan.BeginArray, End: depth*7 + 1}, whole)
	_, err = s.Next()
	assert.ErrorIs(t, err, io.EOF)
}

func TestScanner_Skip(t *testing.T) {
	const text = `[ {"a":[1,{"b":2}]} ,"x", 3]`
	s := jsonscan.New([]byte(text))
	_, err := s.Next()
	require.NoError(t, err)
	var got []string
	for {
		v, err := s.Skip()
		require.NoError(t, err)
		if v.Kind == jsonscan.EndArray {
			break
		}
		got = append(got, string(s.Bytes(v)))
	}
	assert.Equal(t, []string{`{"a":[1,{"b":2}]}`, `"x"`, "3"}, got)
	assert.Zero(t, s.Depth())
}

func TestScanner_DoesNotAllocate(t *testing.T) {
	text := []byte(`{"a":[1,{"b":"c\n"}],"d":1e9}`)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s := jsonscan.New(text)
		for {
			tok, err := s.Next()
			if err != nil {
				break
			}
			if tok.Kind == jsonscan.Name {
				jsonscan.Equal(s.Bytes(tok), "d")
			}
		}
	}))
}

func TestUnquote(t *testing.T) {
	tests := []struct{ quoted, want string }{
		{`""`, ""},
		{`"abc"`, "abc"},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{`"\u0063ard"`, "card"},
		{`"\u00e9\u20AC"`, "é€"},
		{`"\ud83d\ude00"`, "😀"},
		{`"\ud83dx"`, "\ufffdx"},
		{`"\ude00\ud83d"`, "\ufffd\ufffd"},
		{`"\ud83d\u0041"`, "\ufffdA"},
		{`"\ud83d\ud83d\ude00"`, "\ufffd😀"},
	}
	for _, tt := range tests {
		t.Run(tt.quoted, func(t *testing.T) {
			assert.Equal(t, tt.want, string(jsonscan.AppendUnquoted(nil, []byte(tt.quoted))))
			assert.True(t, jsonscan.Equal([]byte(tt.quoted), tt.want))
			assert.False(t, jsonscan.Equal([]byte(tt.quoted), tt.want+"x"))
			assert.False(t, jsonscan.Equal([]byte(tt.quoted), "x"+tt.want))
		})
	}
}

func FuzzScanner(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":"\ud83d\ude00"}],"a":-1.5e+3}`, "[", `"\u12`, "1 2", "\"\xed\xa0\x80\"", "[[[]]]", `{"":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := jsonscan.New(text)
		whole, err := s.Skip()
		if err == nil {
			_, err = s.Next()
		}
		valid := json.Valid(text) && utf8.Valid(text) // encoding/json accepts strings that are no UTF-8; RFC 8259 §8.1 doesn't
		require.Equal(t, valid, errors.Is(err, io.EOF), "%v", err)
		if !valid {
			require.ErrorIs(t, err, jsonscan.ErrSyntax)
			return
		}
		require.Equal(t, strings.Trim(string(text), " \t\r\n"), string(s.Bytes(whole)))
	})
}

func FuzzQuote(f *testing.F) {
	f.Add("a\"\\\n\x00é😀\xff")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := jsonscan.AppendQuoted(nil, s)
		var want string
		require.NoError(t, json.Unmarshal(quoted, &want))
		require.Equal(t, string([]rune(s)), want) // the conversion makes U+FFFD of each bad byte
		require.Equal(t, want, string(jsonscan.AppendUnquoted(nil, quoted)))
		require.True(t, jsonscan.Equal(quoted, want))
	})
}

func FuzzUnquote(f *testing.F) {
	f.Add(`"\ud83d\ude00\ud83d\u0041\/"`)
	f.Fuzz(func(t *testing.T, quoted string) {
		s := jsonscan.New([]byte(quoted))
		tok, err := s.Next()
		if err != nil || tok.Kind != jsonscan.String {
			return
		}
		var want string
		require.NoError(t, json.Unmarshal(s.Bytes(tok), &want))
		require.Equal(t, want, string(jsonscan.AppendUnquoted(nil, s.Bytes(tok))))
		require.True(t, jsonscan.Equal(s.Bytes(tok), want))
	})
}

func BenchmarkScanner(b *testing.B) {
	text := []byte(`{"id":"01J8","type":"order.created","amount":129.90,"currency":"EUR","customer":{"name":"Ada","card":"4111111111111111"},"items":[{"sku":"A-1","qty":2},{"sku":"B-7","qty":1}],"note":"leave at the door, please; ring twice if nobody answers"}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s := jsonscan.New(text)
		if _, err := s.Skip(); err != nil {
			b.Fatal(err)
		}
	}
}
