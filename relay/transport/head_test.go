package transport

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const goodHead = "GET /ws?topic=a HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

func TestOpening_atEveryByte(t *testing.T) {
	in := []byte(goodHead + "rest")
	for cut := range len(in) {
		var o opening
		head, _, refusal := o.take(in[:cut])
		require.Nil(t, refusal)
		if head == nil {
			var rest []byte
			require.Less(t, cut, len(goodHead))
			head, rest, refusal = o.take(in[cut:])
			require.Nil(t, refusal)
			require.Equal(t, "rest", string(rest))
		}
		require.Equal(t, goodHead, string(head))
	}
}

func TestHeadScanner_limits(t *testing.T) {
	long := strings.Repeat("a", maxLine)
	for name, c := range map[string]struct {
		head string
		want int
	}{
		"line at the limit":       {"GET / HTTP/1.1\r\n" + "a:" + long[2:] + "\r\n\r\n", 0},
		"line above it":           {"GET / HTTP/1.1\r\n" + "a:" + long[1:] + "\r\n\r\n", 431},
		"target at the limit":     {"GET /" + long[:maxTarget-1] + " HTTP/1.1\r\n\r\n", 0},
		"request line above it":   {"GET /" + long[:maxTarget+20] + " HTTP/1.1\r\n\r\n", 414},
		"headers at the limit":    {"GET / HTTP/1.1\r\n" + strings.Repeat("a: b\r\n", maxHeaders) + "\r\n", 0},
		"one header more":         {"GET / HTTP/1.1\r\n" + strings.Repeat("a: b\r\n", maxHeaders+1) + "\r\n", 431},
		"a first empty line":      {"\r\n\r\n", 0},
		"DEL":                     {"GET /\x7f HTTP/1.1\r\n\r\n", 400},
		"tab in a value is fine":  {"GET / HTTP/1.1\r\na:\tb\r\n\r\n", 0},
		"UTF-8 in a value":        {"GET / HTTP/1.1\r\na: é\r\n\r\n", 0},
		"LF CR":                   {"GET / HTTP/1.1\n\r\n\r", 400},
		"CR CR LF":                {"GET / HTTP/1.1\r\r\n\r\n", 400},
		"all of it above 16 KiB":  {"GET / HTTP/1.1\r\n" + strings.Repeat("a:"+long[:500]+"\r\n", 33) + "\r\n", 431},
		"all of it below 16 KiB":  {"GET / HTTP/1.1\r\n" + strings.Repeat("a:"+long[:500]+"\r\n", 32) + "\r\n", 0},
		"65 KiB in one gulp":      {strings.Repeat("a", 1<<17), 414},
		"nothing but empty lines": {strings.Repeat("\r\n", 40<<10), 0},
	} {
		t.Run(name, func(t *testing.T) {
			var s headScanner
			end, status := s.scan([]byte(c.head))
			assert.Equal(t, c.want, status)
			assert.Equal(t, c.want == 0, end > 0)
		})
	}
}

func TestTargetPath(t *testing.T) {
	for head, want := range map[string]string{
		goodHead:                         "/ws",
		"GET /ws HTTP/1.1\r\n\r\n":       "/ws",
		"GET /ws\r\n\r\n":                "/ws",
		"GET  /ws HTTP/1.1\r\n\r\n":      "",
		"\r\n":                           "",
		"GET http://a/ws HTTP/1.1\r\n":   "http://a/ws",
		"GET /wsx?/ws HTTP/1.1\r\n\r\n":  "/wsx",
		"GET /x HTTP/1.1\r\nGET /ws\r\n": "/x",
	} {
		assert.Equal(t, want, targetPath([]byte(head)), head)
	}
}

// Whatever is admitted, net/http reads the same way: no peer behind or before us can see another request in it.
func FuzzHead(f *testing.F) {
	f.Add([]byte(goodHead), 7)
	f.Add([]byte("GET /ws HTTP/1.1\r\nHost: a\r\nX:\t b \r\n\r\n"), 0)
	f.Add([]byte("GET /ws HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"), 3)
	f.Add([]byte(libraryHead), 30)
	f.Add([]byte(browserHead), 300)
	f.Add([]byte("POST  / HTTP/1.0\r\n\r\n"), 3)
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		var whole, split headScanner
		end, status := whole.scan(in)
		cut = min(max(cut, 0), len(in))
		end2, status2 := split.scan(in[:cut])
		if end2 == 0 && status2 == 0 {
			if end2, status2 = split.scan(in[cut:]); end2 > 0 {
				end2 += cut
			}
		}
		require.Equal(t, end, end2)
		require.Equal(t, status, status2)
		if end == 0 {
			return
		}
		head := in[:end]
		require.True(t, bytes.HasSuffix(head, []byte("\r\n")))
		r := new(request)
		if r.parse(head) != nil || checkUpgrade(r) != nil {
			return
		}
		std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			return // it is stricter still
		}
		assert.Equal(t, r.method, std.Method)
		assert.Equal(t, r.path, std.URL.Path)
		assert.Equal(t, r.query, std.URL.Query())
		assert.Zero(t, std.ContentLength)
		for name, values := range std.Header {
			if name == "Cache-Control" && r.header[name] == nil {
				assert.Equal(t, "no-cache", r.header["Pragma"][0], "net/http makes one of the other")
				continue
			}
			assert.Equal(t, values, r.header[name], name)
		}
		checkRequestAttributes(t, r)
		u := new(upgrade)
		if u.negotiate(r, false) != nil {
			return
		}
		assert.Equal(t, libraryAnswer(t, head), string(u.answer), "what passes our check passes the library's")
	})
}
