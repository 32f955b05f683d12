package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"eventrelay/relay"
)

// printable makes text from elsewhere safe for a terminal and for one line: what is not printable is escaped.
func printable(s string) string {
	if !strings.ContainsFunc(s, notPrintable) && utf8.ValidString(s) {
		return s
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

func notPrintable(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) }

// eventLine renders an event's payload as one line: text and JSON as they are; JSON with line breaks without them;
// other text with line breaks or control characters as a JSON string; bytes as base64.
func eventLine(kind relay.Kind, p []byte) []byte {
	switch {
	case kind == relay.KindBinary:
		return base64.StdEncoding.AppendEncode(nil, p)
	case !bytes.ContainsFunc(p, breaksLine):
		return p
	}
	var line bytes.Buffer
	if json.Compact(&line, p) != nil {
		line.Reset()
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(string(p)) // a string always encodes
	}
	return escapeInStrings(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
}

// escapeInStrings escapes what JSON allows unescaped, but a terminal obeys. Compact JSON has it in strings only.
func escapeInStrings(compact []byte) []byte {
	var out []byte
	for len(compact) > 0 {
		r, n := utf8.DecodeRune(compact)
		if breaksLine(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, compact[:n]...)
		}
		compact = compact[n:]
	}
	return out
}

// breaksLine reports characters that end a line or command a terminal. The C1 controls are commands too.
func breaksLine(r rune) bool {
	return r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}
