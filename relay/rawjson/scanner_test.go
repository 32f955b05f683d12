package rawjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func document(text string) ([]byte, *Fault) {
	var s Scanner
	s.Reset([]byte(text))
	return s.Document()
}

func TestScanner_Document_accepts(t *testing.T) {
	texts := []string{
		`null`, `true`, `false`, `0`, `-0`, `-0.0e-0`, `1.5E+10`, `1e307`, `1e-400`, `""`, `[]`, `{}`, `[[],{}]`,
		`{"a":1,"A":2,"":3}`, `{"a":{"a":{"a":[{"a":1},{"a":1}]}}}`,
		`"\"\\\/\b\f\n\r\té\u0000😀"`, `"ключ 😀 ` + "\x7f\ufffd" + `"`,
		`"12345678901234567"`, `"1234567\n901234567"`,
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
		strings.Repeat("9", 308), "0." + strings.Repeat("9", 5000),
		`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1}`,
	}
	for _, text := range texts {
		got, fault := document(" \t\r\n" + text + "\n ")
		require.Nil(t, fault, "%.80s: %v", text, fault)
		assert.Equal(t, text, string(got))
	}
}

func TestScanner_Document_refuses(t *testing.T) {
	long := `"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1`
	tests := []struct {
		text   string
		offset int
		reason string
	}{
		{"", 0, "the text ends where a value is expected"},
		{"  ", 2, "the text ends where a value is expected"},
		{"NaN", 0, `"NaN" where a value is expected`},
		{"-Infinity", 0, "'-' without a digit"},
		{"nul", 0, `"nul" where a value`},
		{"truely", 4, `"ly" where the end of the text`},
		{"\xef\xbb\xbf{}", 0, "a byte order mark"},
		{"\xff\xfe{\x00", 0, "byte 0xff, which is no UTF-8"},
		{"{'a':1}", 1, "a single quote (strings are in double quotes)"},
		{"{a:1}", 1, `"a" where a key in double quotes`},
		{`{"a":1} {"a":1}`, 8, "the end of the text"},
		{`{"a":1`, 6, "the text ends before '}'"},
		{`[1,2`, 4, "the text ends before ']'"},
		{`[1,`, 3, "the text ends where a value"},
		{`[1,]`, 2, "a comma before ']'"},
		{`{"a":1,}`, 6, "a comma before '}'"},
		{`[1 2]`, 3, "',' or ']'"},
		{`{"a" 1}`, 5, "':'"},
		{`{"a":}`, 5, "a value"},
		{`{"a":1,"b":2,"a":3}`, 13, `key "a" for the second time`},
		{`[{"a":1},{"ab":1,"\u0061b":3}]`, 17, `key "ab" for the second time`},
		{"{" + long + `,"f":1}`, len(long) + 2, `key "f" for the second time`},
		{`"abc`, 0, "a string that does not end"},
		{`"abc\`, 4, "ends in an escape"},
		{`"\x"`, 1, "an escape that JSON does not know"},
		{`"\u12g4"`, 1, "four hexadecimal digits"},
		{`"\u123`, 1, "four hexadecimal digits"},
		{`"\ud83d"`, 1, "half of a surrogate pair"},
		{`"\ud83d\u0041"`, 1, "half of a surrogate pair"},
		{`"\ude00"`, 1, "half of a surrogate pair"},
		{"\"tab\there\"", 4, "control character 0x09"},
		{"\"abcdefghi\x00\"", 10, "control character 0x00"},
		{"\"abcdefgh\xc3\x28\"", 9, "byte 0xc3 in a string is no UTF-8"},
		{"\"\xed\xa0\x80\"", 1, "is no UTF-8"},
		{"\"\xc0\x80\"", 1, "is no UTF-8"},
		{"01", 0, "leading zero"},
		{"-012", 0, "leading zero"},
		{"1.", 0, "after its point"},
		{"1e", 0, "exponent"},
		{"1e400", 0, "range of a double"},
		{"[-1e400]", 1, "range of a double"},
		{strings.Repeat("9", 400), 0, "range of a double"},
		{strings.Repeat("9", 250) + "e99", 0, "range of a double"},
		{strings.Repeat("[", MaxDepth+1), MaxDepth, "nested deeper than 512 levels"},
		{strings.Repeat("[", 1_000_000), MaxDepth, "nested deeper than 512 levels"},
		{strings.Repeat(`{"a":`, 1_000_000), 5 * MaxDepth, "nested deeper than 512 levels"},
	}
	for _, tt := range tests {
		_, fault := document(tt.text)
		if assert.NotNil(t, fault, "%.80q", tt.text) {
			assert.Equal(t, tt.offset, fault.Offset, "%.80q: %v", tt.text, fault)
			assert.Contains(t, fault.Reason, tt.reason, "%.80q", tt.text)
		}
	}
}

func TestScanner_Next(t *testing.T) {
	var s Scanner
	s.Reset([]byte(` {"a" : [1, {"a":2}] ,"\u0062":"x" } `))
	require.True(t, s.Enter('{'))
	var got []string
	for s.Next() {
		raw, offset, ok := s.Value()
		require.True(t, ok)
		assert.Equal(t, byte(raw[0]), s.data[offset])
		got = append(got, string(s.Key())+"="+string(raw))
	}
	require.Nil(t, s.Err())
	assert.Equal(t, []string{`a=[1, {"a":2}]`, `b="x"`}, got)
}

func TestScanner_Next_faults(t *testing.T) {
	tests := []struct {
		text   string
		offset int
	}{
		{``, 0}, {`[]`, 0}, {`{`, 1}, {`{"a":1,"a":2}`, 7}, {`{"a":1}x`, 7}, {`{"a":1,}`, 6}, {`{"a":`, 5}, {`{"a":1 "b":2}`, 7},
	}
	for _, tt := range tests {
		var s Scanner
		s.Reset([]byte(tt.text))
		if s.Enter('{') {
			for s.Next() {
				if _, _, ok := s.Value(); !ok {
					break
				}
			}
		}
		if assert.NotNil(t, s.Err(), tt.text) {
			assert.Equal(t, tt.offset, s.Err().Offset, tt.text)
		}
	}
}

func TestScanner_allocatesNothing(t *testing.T) {
	var s Scanner
	text := []byte(`{"topic":"orders.eu","data":{"id":12,"lines":[{"sku":"a","n":1},{"sku":"é","n":2}],"total":12.5},"x":null}`)
	allocs := testing.AllocsPerRun(100, func() {
		s.Reset(text)
		if _, fault := s.Document(); fault != nil {
			t.Fatal(fault)
		}
	})
	assert.Zero(t, allocs)
}

func BenchmarkScanner_Document(b *testing.B) {
	texts := map[string]string{
		"128B":   `{"id":"0f3a","type":"order.created","customer":{"id":8271,"name":"Ada Lovelace"},"lines":[{"sku":"X1","n":2}],"total":1299,"ok":true}`,
		"string": `"` + strings.Repeat("The quick brown fox jumps over the lazy dog. ", 100) + `"`,
		"keys":   "{" + manyKeys(20000) + "}",
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			var s Scanner
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				s.Reset([]byte(text))
				if _, fault := s.Document(); fault != nil {
					b.Fatal(fault)
				}
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"k` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune(0x4e00+i)) + `":0`)
	}
	return b.String()
}
