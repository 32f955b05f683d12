package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"eventrelay/relay/transport/wsclient"
)

// publisher posts events to a relay, one request at a time, and repeats those that it was too busy for.
type publisher struct {
	client   *http.Client
	endpoint string
	server   *url.URL
	key      string
	retryFor time.Duration
	notef    func(format string, args ...any)

	reached bool   // the relay has answered: a lost connection is a hiccup, not a wrong address
	inDoubt bool   // the last request may have been taken, though send returned an error
	noted   string // why it is trying again, as last told
}

func (a *app) newPublisher(f *publishFlags, topic string) (*publisher, error) {
	base, err := f.server.base(a)
	if err != nil {
		return nil, err
	}
	key, err := f.key.load(a)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if key != "" && plainToRemote(base) {
		a.notef("the key goes to %s unencrypted; use https", base.Host)
	}
	endpoint := base.JoinPath("publish")
	if topic != "" {
		endpoint = endpoint.JoinPath(url.PathEscape(topic))
	}
	return &publisher{
		client:   &http.Client{Timeout: time.Minute, CheckRedirect: dontFollow},
		endpoint: endpoint.String(),
		server:   base,
		key:      key,
		retryFor: f.retryFor,
		notef:    a.notef,
	}, nil
}

// dontFollow keeps the key from going elsewhere; a redirected POST would become a GET anyway.
func dontFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (p *publisher) close() { p.client.CloseIdleConnections() }

// request is one POST. Repeats of the same request carry the same key, so that the relay publishes it once.
type request struct {
	contentType, idempotencyKey string
	body                        []byte
}

func newRequest(contentType string, body []byte) request {
	return request{contentType, rand.Text(), body}
}

// answer is what the relay said, whatever the status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// maxAnswer bounds what is read of an answer. A batch's answer is of the order of the batch.
const maxAnswer = 64 << 20

// send posts r until the relay decides it, or has been busy for retryFor.
func (p *publisher) send(ctx context.Context, r request) (*answer, error) {
	wait := p.newWait()
	p.inDoubt = false
	for ctx.Err() == nil {
		ans, err := p.post(ctx, r)
		p.inDoubt = p.inDoubt || mayHaveArrived(ans, err)
		switch {
		case err == nil && !ans.retriable():
			p.inDoubt = false
			return ans, nil
		case ctx.Err() != nil:
			continue
		case err != nil && !p.reached:
			return nil, p.unreachable(err)
		case err == nil:
			err = ans.refusal()
		}
		if err := wait.next(ctx, err, ans.retryAfter()); err != nil {
			return nil, err
		}
	}
	return nil, context.Cause(ctx)
}

func (p *publisher) post(ctx context.Context, r request) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.endpoint, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", r.contentType)
	req.Header.Set("Idempotency-Key", `"`+r.idempotencyKey+`"`)
	req.Header.Set("User-Agent", "relay-publish")
	if p.key != "" {
		req.Header.Set("Authorization", "Bearer "+p.key)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", p.server.Host, err)
	}
	p.reached = true
	return &answer{resp.StatusCode, resp.Header, body}, nil
}

// unreachable explains the error of a first request.
func (p *publisher) unreachable(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // its text repeats the method and the address
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no relay answers at %s: %w; start one with `relay serve`, or name it with --url", p.server, err)
	}
	return fmt.Errorf("publish to %s: %w", p.server, err)
}

// retriable reports whether the relay, or a proxy before it, did not take the request, and may take it later.
func (ans *answer) retriable() bool {
	switch ans.status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	case http.StatusConflict: // the same request is still under way there
		return true
	case http.StatusServiceUnavailable: // with a verdict it is a filter that failed
		return ans.verdict() == ""
	}
	return false
}

func (ans *answer) retryAfter() time.Duration {
	if ans == nil {
		return 0
	}
	return retryAfterHeader(ans.header)
}

// refusal returns the error of an answer without a result.
func (ans *answer) refusal() error {
	err := fmt.Errorf("the relay answered %d %s", ans.status, http.StatusText(ans.status))
	if detail := wsclient.Problem(ans.header, ans.body); detail != "" {
		err = fmt.Errorf("%w: %s", err, detail)
	}
	if ans.status == http.StatusUnauthorized {
		err = fmt.Errorf("%w; put the key into a file for --key-file", err)
	}
	return err
}

// retryWait spaces the repeats of one request and ends them.
type retryWait struct {
	p       *publisher
	backoff backoff
	until   time.Time
	noted   bool
}

func (p *publisher) newWait() *retryWait {
	return &retryWait{
		p:       p,
		backoff: backoff{min: 100 * time.Millisecond, max: 10 * time.Second},
		until:   time.Now().Add(p.retryFor),
	}
}

// next waits before the repeat that err calls for, or returns err when the time is up.
func (w *retryWait) next(ctx context.Context, err error, atLeast time.Duration) error {
	delay := w.backoff.delay(atLeast)
	if time.Now().Add(delay).After(w.until) {
		return err
	}
	if why := err.Error(); !w.noted && w.p.noted != why { // a relay that is busy is so for many batches
		w.p.noted = why
		w.p.notef("%s; trying again", why)
	}
	w.noted = true
	return sleep(ctx, delay)
}
