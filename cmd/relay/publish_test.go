package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeRelay answers POST /publish as a script says, and notes what came.
type fakeRelay struct {
	*httptest.Server
	mu     sync.Mutex
	got    []posted
	script func(n int, w http.ResponseWriter, p posted) // n counts from 0
}

type posted struct {
	path, typ, auth, key string
	body                 string
}

func (p posted) lines() []string { return strings.Fields(p.body) }

func newFakeRelay(t *testing.T, script func(n int, w http.ResponseWriter, p posted)) *fakeRelay {
	f := &fakeRelay{script: script}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeRelay) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p := posted{r.URL.EscapedPath(), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), string(body)}
	f.mu.Lock()
	n := len(f.got)
	f.got = append(f.got, p)
	f.mu.Unlock()
	f.script(n, w, p)
}

func answerJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	if status >= 400 {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

const acceptedJSON = `{"event_id":"e1","id":"x.1","topic":"a","verdict":"accepted"}`

// acceptAll answers one event or a batch.
func acceptAll(_ int, w http.ResponseWriter, p posted) {
	if p.typ != "application/x-ndjson" {
		answerJSON(w, 200, acceptedJSON+"\n")
		return
	}
	answerBatch(w, make([]string, len(p.lines())))
}

// answerBatch answers with these results; "" is an accepted one.
func answerBatch(w http.ResponseWriter, results []string) {
	for i, r := range results {
		if r == "" {
			results[i] = `{"status":200,"verdict":"accepted"}`
		}
	}
	answerJSON(w, 200, `{"results":[`+strings.Join(results, ",")+`]}`)
}

func TestPublish_one(t *testing.T) {
	tests := []struct {
		name, in string
		args     []string
		path     string
		typ      string
		body     string
	}{
		{"JSON argument", "", []string{"orders.new", `{"a":1}`}, "/publish/orders.new", "application/json", `{"a":1}`},
		{"text argument", "", []string{"orders.new", "tea & milk"}, "/publish/orders.new", "text/plain; charset=utf-8", "tea & milk"},
		{"piped", "{\"a\":1}\n", []string{"orders.new"}, "/publish/orders.new", "application/json", "{\"a\":1}\n"},
		{"piped, no topic", "42", nil, "/publish", "application/json", "42"},
		{"dash", "\x00\xff", []string{"t", "-"}, "/publish/t", "application/octet-stream", "\x00\xff"},
		{"named type", "", []string{"t", "42", "--type", "text"}, "/publish/t", "text/plain; charset=utf-8", "42"},
		{"media type", "", []string{"t", "x", "--type", "image/png"}, "/publish/t", "image/png", "x"},
		{"a topic that needs escapes", "", []string{"a/b.ü%2F", "1"}, "/publish/a%2Fb.%C3%BC%252F", "application/json", "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeRelay(t, acceptAll)
			got := invocation{in: tt.in}.run(t, append([]string{"publish", "--url", f.URL}, tt.args...)...)
			require.Equal(t, outcome{0, "accepted (id x.1)\n", ""}, got)
			require.Len(t, f.got, 1)
			assert.Equal(t, tt.path, f.got[0].path)
			assert.Equal(t, tt.typ, f.got[0].typ)
			assert.Equal(t, tt.body, f.got[0].body)
			assert.NotEmpty(t, f.got[0].key)
		})
	}
}

// A pipe whose first half failed publishes nothing; who means an empty event says so.
func TestPublish_nothing(t *testing.T) {
	f := newFakeRelay(t, acceptAll)
	got := run(t, "publish", "t", "--url", f.URL)
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, "standard input is empty")
	assert.Empty(t, f.got)
	assert.Equal(t, exitOK, run(t, "publish", "t", "", "--url", f.URL).code)
	assert.Len(t, f.got, 1)
}

func TestPublish_verdicts(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   outcome
	}{
		{
			"transformed", 200, `{"id":"x.2","verdict":"transformed","filter":"redact","emitted":2}`,
			outcome{0, "transformed by redact (id x.2), and 2 more emitted\n", ""},
		},
		{
			"dropped", 200, `{"verdict":"dropped","filter":"gate","reason":"no \u001b[2J card"}`,
			outcome{3, "", "relay: the event was dropped by gate: no \\x1b[2J card\n"},
		},
		{
			"rejected", 422, `{"verdict":"rejected","filter":"gate","reason":"no card","detail":"filter gate rejected the event"}`,
			outcome{3, "", "relay: the event was rejected by gate: no card\n"},
		},
		{
			"failed", 503, `{"verdict":"failed","filter":"gate","reason":"trap: unreachable"}`,
			outcome{3, "", "relay: the event was failed by gate: trap: unreachable\n"},
		},
		{
			"bad JSON", 400, `{"title":"Bad Request","detail":"line 1, column 2: bad JSON"}`,
			outcome{1, "", "relay: the relay answered 400 Bad Request: line 1, column 2: bad JSON\n"},
		},
		{
			"no key", 401, `{"title":"Unauthorized","detail":"show a key"}`,
			outcome{1, "", "relay: the relay answered 401 Unauthorized: show a key; put the key into a file for --key-file\n"},
		},
		{
			"not a relay", 200, `<html>`,
			outcome{1, "", "relay: the answer is not a relay's: \"<html>\"; does --url point at one?\n"},
		},
		{"moved", 301, ``, outcome{1, "", "relay: the relay answered 301 Moved Permanently\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeRelay(t, func(_ int, w http.ResponseWriter, _ posted) { answerJSON(w, tt.status, tt.body) })
			assert.Equal(t, tt.want, run(t, "publish", "t", "1", "--url", f.URL))
			assert.Len(t, f.got, 1, "no verdict is asked for twice")
		})
	}
}

func TestPublish_output(t *testing.T) {
	f := newFakeRelay(t, acceptAll)
	assert.Equal(t, acceptedJSON+"\n", run(t, "publish", "t", "1", "--url", f.URL, "--json").out)
	assert.Equal(t, outcome{}, run(t, "publish", "t", "1", "--url", f.URL, "-q"))
}

func TestPublish_key(t *testing.T) {
	f := newFakeRelay(t, acceptAll)
	got := run(t, "publish", "t", "1", "--url", f.URL, "--key-file", file(t, "key", "# the key\n\n k-from-file \nanother\n"))
	require.Equal(t, 0, got.code, got.err)
	got = invocation{env: map[string]string{"RELAY_KEY": "k-from-env", "RELAY_URL": f.URL}}.run(t, "publish", "t", "1")
	require.Equal(t, 0, got.code, got.err)
	got = run(t, "publish", "t", "1", "--url", f.URL)
	require.Equal(t, 0, got.code, got.err)
	assert.Equal(t, []string{"Bearer k-from-file", "Bearer k-from-env", ""}, []string{f.got[0].auth, f.got[1].auth, f.got[2].auth})

	got = invocation{env: map[string]string{"RELAY_KEY": "not a\nheader"}}.run(t, "publish", "t", "1", "--url", f.URL)
	assert.Equal(t, exitUsage, got.code)
	assert.NotContains(t, got.err, "not a")
}

func TestPublish_repeats(t *testing.T) {
	statuses := []int{429, 503, 502, 409}
	f := newFakeRelay(t, func(n int, w http.ResponseWriter, _ posted) {
		if n < len(statuses) {
			answerJSON(w, statuses[n], `{"detail":"busy"}`)
			return
		}
		answerJSON(w, 200, acceptedJSON)
	})
	got := run(t, "publish", "t", "1", "--url", f.URL)
	assert.Equal(t, outcome{0, "accepted (id x.1)\n", "relay: the relay answered 429 Too Many Requests: busy; trying again\n"}, got)
	require.Len(t, f.got, 5)
	assert.Equal(t, f.got[0], f.got[4], "the repeat is the same, key and all")
}

func TestPublish_givesUp(t *testing.T) {
	f := newFakeRelay(t, func(_ int, w http.ResponseWriter, _ posted) {
		w.Header().Set("Retry-After", "3600")
		answerJSON(w, 429, `{"detail":"busy"}`)
	})
	got := run(t, "publish", "t", "1", "--url", f.URL)
	assert.Equal(t, outcome{1, "", "relay: the relay answered 429 Too Many Requests: busy\n"}, got)
	assert.Len(t, f.got, 1, "an hour is more than --retry-for")
}

func TestPublish_nobodyThere(t *testing.T) {
	got := run(t, "publish", "t", "1", "--url", "127.0.0.1:1")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "no relay answers at http://127.0.0.1:1")
	assert.Contains(t, got.err, "relay serve")
}

func TestPublish_badAddressIsNotRepeated(t *testing.T) {
	got := invocation{env: map[string]string{"RELAY_URL": "http://me:hunter2@relay.example:port"}}.run(t, "publish", "t", "1")
	assert.Equal(t, exitUsage, got.code)
	assert.NotContains(t, got.err, "hunter2")
	assert.Contains(t, got.err, `invalid port ":port"`)
}

// numbered returns a file of n lines.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d\n", i+1)
	}
	return b.String()
}

func TestPublish_file(t *testing.T) {
	f := newFakeRelay(t, acceptAll)
	got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e.ndjson", "\xef\xbb\xbf"+numbered(1200)+"\n\n"))
	assert.Equal(t, 0, got.code)
	assert.Regexp(t, `^relay: 1200 events in .*: 1200 accepted\n$`, got.err)
	assert.Empty(t, got.out)
	require.Len(t, f.got, 3)
	var sent bytes.Buffer
	for _, p := range f.got {
		assert.Equal(t, "application/x-ndjson", p.typ)
		assert.Equal(t, "/publish/t", p.path)
		sent.WriteString(p.body)
	}
	assert.Equal(t, numbered(1200), sent.String(), "in order, without the blank lines")
}

func TestPublish_fileFromStdin(t *testing.T) {
	f := newFakeRelay(t, acceptAll)
	got := invocation{in: `{"topic":"a","data":1}`}.run(t, "publish", "--url", f.URL, "-f", "-", "-q")
	assert.Equal(t, outcome{}, got)
	assert.Equal(t, "/publish", f.got[0].path)
}

func TestPublish_fileOfLargeLines(t *testing.T) {
	f := newFakeRelay(t, func(_ int, w http.ResponseWriter, p posted) {
		if len(p.body) > 150<<10 {
			answerJSON(w, 413, `{"detail":"too large"}`)
			return
		}
		answerBatch(w, make([]string, len(p.lines())))
	})
	large := func(n int) string { return `"` + strings.Repeat("x", n) + `"` + "\n" }
	got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e", large(100<<10)+large(100<<10)+large(200<<10)+"4\n"))
	assert.Equal(t, exitNotAccepted, got.code)
	assert.Contains(t, got.err, "line 3: refused: the relay answered 413")
	assert.Contains(t, got.err, "3 accepted, 1 refused")
}

func TestPublish_fileVerdicts(t *testing.T) {
	f := newFakeRelay(t, func(_ int, w http.ResponseWriter, p posted) {
		answerBatch(w, []string{
			"", `{"status":200,"verdict":"transformed","filter":"redact"}`, `{"status":200,"verdict":"dropped","filter":"gate","reason":"no card"}`,
			`{"status":422,"verdict":"rejected","filter":"gate"}`, `{"status":503,"verdict":"failed","filter":"gate"}`, `{"status":400,"detail":"line 6, column 3: bad JSON"}`,
		})
	})
	got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e", "\n"+numbered(6)), "--json")
	assert.Equal(t, exitNotAccepted, got.code)
	for _, part := range []string{
		"line 4: dropped by gate: no card\n", "line 5: rejected by gate\n", "line 6: failed by gate\n", "line 7: refused: column 3: bad JSON\n",
		": 1 accepted, 1 transformed, 1 dropped, 1 rejected, 1 failed, 1 refused\n",
	} {
		assert.Contains(t, got.err, part)
	}
	var first struct {
		Line    int
		Verdict string
	}
	require.NoError(t, json.Unmarshal([]byte(strings.SplitAfter(got.out, "\n")[0]), &first))
	assert.Equal(t, 2, first.Line)
	assert.Equal(t, "accepted", first.Verdict)
	assert.Equal(t, 6, strings.Count(got.out, "\n"))
	assert.NotContains(t, got.out, `""`, "what does not apply is left out")
}

func TestPublish_fileNamesFewLines(t *testing.T) {
	f := newFakeRelay(t, func(_ int, w http.ResponseWriter, p posted) {
		results := make([]string, len(p.lines()))
		for i := range results {
			results[i] = `{"status":200,"verdict":"dropped"}`
		}
		answerBatch(w, results)
	})
	got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e", numbered(100)))
	assert.Equal(t, maxNamed, strings.Count(got.err, "relay: line "))
}

// What the relay was too busy for is sent again, alone and in order.
func TestPublish_fileBusy(t *testing.T) {
	busy := `{"status":429,"detail":"too many events are waiting"}`
	f := newFakeRelay(t, func(n int, w http.ResponseWriter, p posted) {
		if n == 0 {
			answerBatch(w, []string{"", busy, "", busy})
			return
		}
		answerBatch(w, make([]string, len(p.lines())))
	})
	got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e", numbered(4)))
	assert.Equal(t, 0, got.code, got.err)
	require.Len(t, f.got, 2)
	assert.Equal(t, "2\n4\n", f.got[1].body)
	assert.NotEqual(t, f.got[0].key, f.got[1].key, "another request, another key")
	assert.Contains(t, got.err, "4 accepted")
}

func TestPublish_fileBusyIsToldOnce(t *testing.T) {
	busy := `{"status":429,"detail":"too many events are waiting"}`
	f := newFakeRelay(t, func(n int, w http.ResponseWriter, p posted) {
		results := make([]string, len(p.lines()))
		if n%2 == 0 {
			results[0] = busy
		}
		answerBatch(w, results)
	})
	got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e", numbered(1200)))
	assert.Equal(t, 0, got.code, got.err)
	assert.Equal(t, 1, strings.Count(got.err, "trying again"))
}

func TestPublish_fileStops(t *testing.T) {
	f := newFakeRelay(t, func(n int, w http.ResponseWriter, p posted) {
		if n == 1 {
			answerJSON(w, 401, `{"detail":"the key was revoked"}`)
			return
		}
		answerBatch(w, make([]string, len(p.lines())))
	})
	path := file(t, "e", numbered(1200))
	got := run(t, "publish", "t", "--url", f.URL, "--file", path)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "stopped after line 500: the relay answered 401 Unauthorized: the key was revoked; put the key into a file for --key-file; go on with --skip 500")

	got = run(t, "publish", "t", "--url", f.URL, "--file", path, "--skip", "500")
	assert.Equal(t, 0, got.code)
	assert.True(t, strings.HasPrefix(f.got[2].body, "501\n"))
	assert.Contains(t, got.err, "700 events")
}

func TestPublish_fileInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f := newFakeRelay(t, func(n int, w http.ResponseWriter, p posted) {
		if n == 1 {
			cancel(&exitError{code: 130})
			answerJSON(w, 503, "")
			return
		}
		answerBatch(w, make([]string, len(p.lines())))
	})
	got := invocation{}.runContext(ctx, "publish", "t", "--url", f.URL, "--file", file(t, "e", numbered(1200)))
	assert.Equal(t, 130, got.code)
	assert.Contains(t, got.err, "stopped after line 500; go on with --skip 500")
}

func TestPublish_fileLostConnection(t *testing.T) {
	f := newFakeRelay(t, func(n int, w http.ResponseWriter, p posted) {
		if n == 1 {
			panic(http.ErrAbortHandler) // cuts the connection
		}
		answerBatch(w, make([]string, len(p.lines())))
	})
	got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e", numbered(1000)))
	assert.Equal(t, 0, got.code, got.err)
	require.Len(t, f.got, 3)
	assert.Equal(t, f.got[1], f.got[2], "the repeat carries the same key")
}

func TestPublish_fileLineTooLong(t *testing.T) {
	f := newFakeRelay(t, acceptAll)
	got := run(t, "publish", "t", "--url", f.URL, "--file", file(t, "e", "1\n"+strings.Repeat("x", maxLine+1)))
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.err, "line 2 is longer than 16MiB")
	assert.Contains(t, got.err, "--skip 1")
}
