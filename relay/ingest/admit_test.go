package ingest

import (
	"errors"
	"io"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestHandler_admission(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		status  int
		cors    bool // the page that asked may read the answer
	}{
		{"no key", nil, 401, false},
		{"no key, known origin", []string{"Origin: https://app.example"}, 401, true},
		{"key", []string{"Authorization: Bearer k"}, 200, false},
		{"key, known origin", []string{"Authorization: Bearer k", "Origin: https://app.example"}, 200, true},
		{"key, unknown origin", []string{"Authorization: Bearer k", "Origin: https://evil.example"}, 403, false},
		{"unknown key", []string{"Authorization: Bearer x"}, 401, false},
		{"key of a subscriber", []string{"Authorization: Bearer subscriber", "Origin: https://app.example"}, 403, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(Options{}, fakeGate{keyed: true}, nil)
			w := r.post("/publish", "1", tt.headers...)
			require.Equal(t, tt.status, w.Code, w.Body)
			assert.Equal(t, tt.cors, w.Header().Get("Access-Control-Allow-Origin") == "https://app.example")
			assert.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
			if tt.status == 401 {
				assert.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
			}
			if tt.status != 200 {
				assert.Zero(t, r.fake.calls)
				assert.NotEmpty(t, read(t, w).Detail)
			}
		})
	}
}

func TestHandler_preflight(t *testing.T) {
	r := newRig(Options{}, fakeGate{keyed: true}, nil)
	w := r.do("OPTIONS", "/publish/a", "", "Origin: https://app.example", "Access-Control-Request-Method: POST")
	assert.Equal(t, 204, w.Code)
	assert.Equal(t, "https://app.example", w.Header().Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "POST", w.Header().Get("Access-Control-Allow-Methods"))
	assert.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "Authorization")
	assert.Equal(t, "Origin", w.Header().Get("Vary"))
	assert.Empty(t, w.Body.String())

	w = r.do("OPTIONS", "/publish", "", "Origin: https://evil.example", "Access-Control-Request-Method: POST")
	assert.Equal(t, 403, w.Code)
	assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
}

// unreadable fails the test when the body is read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) { u.t.Error("the body was read"); return 0, io.EOF }

func TestHandler_refusesBeforeTheBody(t *testing.T) {
	r := newRig(Options{}, fakeGate{keyed: true}, nil)
	for name, tweak := range map[string]struct {
		status int
		header [2]string
		length int64
	}{
		"no key":     {401, [2]string{"", ""}, 1000},
		"coding":     {415, [2]string{"Content-Encoding", "gzip"}, 1000},
		"type":       {415, [2]string{"Content-Type", "multipart/form-data"}, 1000},
		"length":     {413, [2]string{"", ""}, 1<<20 + 1},
		"big length": {413, [2]string{"", ""}, 1e18},
	} {
		req := httptest.NewRequest("POST", "/publish", unreadable{t})
		req.ContentLength = tweak.length
		if tweak.status != 401 {
			req.Header.Set("Authorization", "Bearer k")
		}
		if tweak.header[0] != "" {
			req.Header.Set(tweak.header[0], tweak.header[1])
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		assert.Equal(t, tweak.status, w.Code, name)
	}
}

type brokenGate struct{}

func (brokenGate) Admit(*relay.Handshake) (relay.Grant, error) {
	return relay.Grant{Publish: true}, errors.New("secret detail")
}

func TestHandler_brokenGateLetsNobodyIn(t *testing.T) {
	r := newRig(Options{}, brokenGate{}, nil)
	w := r.post("/publish", "1", "Origin: https://app.example")
	assert.Equal(t, 500, w.Code)
	assert.NotContains(t, w.Body.String(), "secret")
	assert.Zero(t, r.fake.calls)
}
