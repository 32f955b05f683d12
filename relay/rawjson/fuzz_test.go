package rawjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzScanner holds the scanner against encoding/json: what it accepts, json.Valid accepts, and what it refuses breaks
// one of the further rules.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e3,true,false,null,"x\u00e9\ud83d\ude00\n"],"b":{}}`, `[1e400]`, `{"a":1,"a":2}`, `"\ud800"`, "\"\xff\"",
		"\xef\xbb\xbf1", ` [ ] `, `nul`, `01`, `{"a":1,}`, `"12345678\u0041"`, `{"\u0061":1,"a":2}`, `"�"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Scanner
		s.Reset(text)
		got, fault := s.Document()
		want := reference(text)
		if want != nil {
			require.NotNil(t, fault, "accepted %q, but %v", text, want)
			require.LessOrEqual(t, fault.Offset, len(text))
			return
		}
		require.Nil(t, fault, "refused %q", text)
		require.Equal(t, string(bytes.Trim(text, " \t\r\n")), string(got))
		if got[0] == '"' {
			var s string
			require.NoError(t, json.Unmarshal(got, &s))
			require.Equal(t, s, string(AppendString(nil, got)))
		}
		walk(t, got)
	})
}

// walk checks that Enter, Next and Value see the members that encoding/json sees.
func walk(t *testing.T, text []byte) {
	if text[0] != '{' {
		return
	}
	var want map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &want))
	var s Scanner
	s.Reset(text)
	require.True(t, s.Enter('{'))
	for s.Next() {
		raw, offset, ok := s.Value()
		require.True(t, ok)
		require.Equal(t, string(want[string(s.Key())]), string(raw))
		require.Equal(t, string(raw), string(text[offset:offset+len(raw)]))
		delete(want, string(s.Key()))
	}
	require.Nil(t, s.Err())
	require.Empty(t, want)
}

// reference says by means of encoding/json why text is to be refused.
func reference(text []byte) error {
	switch {
	case !utf8.Valid(text):
		return errors.New("not UTF-8")
	case !json.Valid(text):
		return errors.New("not JSON")
	}
	if loneSurrogate(text) {
		return errors.New("lone surrogate")
	}
	return tokens(json.NewDecoder(bytes.NewReader(text)))
}

// tokens looks for keys that occur twice, numbers out of range and too deep nesting.
func tokens(d *json.Decoder) error {
	d.UseNumber()
	type level struct {
		keys   map[string]bool // nil: an array
		expect bool            // of a key
	}
	var open []level
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if n, ok := tok.(json.Number); ok {
			if _, err := strconv.ParseFloat(string(n), 64); err != nil {
				return err
			}
		}
		if delim, ok := tok.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:len(open)-1]
			continue
		}
		if n := len(open); n > 0 && open[n-1].keys != nil {
			if key, ok := tok.(string); ok && open[n-1].expect {
				if open[n-1].keys[key] {
					return errors.New("key twice")
				}
				open[n-1].keys[key], open[n-1].expect = true, false
				continue
			}
			open[n-1].expect = true
		}
		switch tok {
		case json.Delim('{'):
			open = append(open, level{map[string]bool{}, true})
		case json.Delim('['):
			open = append(open, level{})
		}
		if len(open) > MaxDepth {
			return errors.New("too deep")
		}
	}
}

// loneSurrogate looks for it in valid JSON, in which backslashes occur in strings only.
func loneSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if text[i] != 'u' {
			continue
		}
		r, _ := strconv.ParseUint(string(text[i+1:i+5]), 16, 32)
		i += 4
		if r < 0xd800 || r > 0xdfff {
			continue
		}
		if r >= 0xdc00 || i+6 >= len(text) || text[i+1] != '\\' || text[i+2] != 'u' {
			return true
		}
		if low, _ := strconv.ParseUint(string(text[i+3:i+7]), 16, 32); low < 0xdc00 || low > 0xdfff {
			return true
		}
		i += 6
	}
	return false
}
