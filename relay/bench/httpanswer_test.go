package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseAnswer(t *testing.T) {
	tests := []struct {
		name, text string
		status     int
		body       string
		closes     bool
	}{
		{"with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false},
		{"any case", "HTTP/1.1 200 OK\r\ncontent-length:5 \r\n\r\nhello", 200, "hello", false},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", false},
		{"empty body", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202, "", false},
		{"chunks", "HTTP/1.1 429 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na;x=y\r\n0123456789\r\n0\r\n\r\n", 429, "3\r\nabc\r\na;x=y\r\n0123456789\r\n0\r\n\r\n", false},
		{"the last", "HTTP/1.0 500 \r\nConnection: Close\r\nContent-Length: 1\r\n\r\nx", 500, "x", true},
		{"an interim one", "HTTP/1.1 100 Continue\r\n\r\n", 100, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for cut := range len(tt.text) {
				a, err := parseAnswer([]byte(tt.text[:cut]))
				require.NoError(t, err)
				require.Zero(t, a.length, "cut at %d", cut)
			}
			a, err := parseAnswer([]byte(tt.text + "HTTP/1.1 200 the next"))
			require.NoError(t, err)
			assert.Equal(t, httpAnswer{tt.status, []byte(tt.body), tt.closes, len(tt.text)}, a)
		})
	}
}

func TestParseAnswer_faults(t *testing.T) {
	for _, text := range []string{
		"SSH-2.0-OpenSSH\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
	} {
		_, err := parseAnswer([]byte(text))
		assert.Error(t, err, text)
	}
}

func TestFailedItems(t *testing.T) {
	tests := map[string]int{
		`{"results":[{"status":200}],"items":3,"failed":0}` + "\n":                          0,
		`{"results":[{"status":429,"detail":"\"failed\":9"}],"items":3,"failed":12}` + "\n": 12,
		`ok`: 0, ``: 0, `"failed":`: 0, `"failed":x`: 0,
	}
	for body, want := range tests {
		assert.Equal(t, want, failedItems([]byte(body)), body)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	f.Add([]byte("HTTP/1.1 429 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		a, err := parseAnswer(p)
		if err == nil && (a.length > len(p) || len(a.body) > a.length) {
			t.Fatalf("%+v of %d bytes", a, len(p))
		}
		failedItems(p)
	})
}
