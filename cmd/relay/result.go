package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"

	"eventrelay/relay"
)

// result is what the relay says became of one event.
type result struct {
	Status  int    `json:"status"` // of an item of a batch
	EventID string `json:"event_id,omitempty"`
	ID      string `json:"id,omitempty"`
	Topic   string `json:"topic,omitempty"`
	Verdict string `json:"verdict,omitempty"`
	Filter  string `json:"filter,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Detail  string `json:"detail,omitempty"` // why there's no verdict
	Emitted int    `json:"emitted,omitempty"`
}

// taken reports whether the event reached the subscribers' side.
func (r *result) taken() bool {
	return r.Verdict == relay.Accepted.String() || r.Verdict == relay.Transformed.String()
}

// busy reports whether the relay did not decide the item, and may later.
func (r *result) busy() bool {
	return r.Verdict == "" && (r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable)
}

// word is the verdict, or refused when the relay could make no event of what it got.
func (r *result) word() string {
	if r.Verdict == "" {
		return wordRefused
	}
	return r.Verdict
}

// String is one line for people: transformed by redact (id 1f.7, event_id …).
func (r *result) String() string {
	s := r.word()
	if r.Filter != "" {
		s += " by " + r.Filter
	}
	if why := cmp.Or(r.Reason, r.Detail); why != "" {
		s += ": " + printable(why)
	}
	if r.ID != "" {
		s += fmt.Sprintf(" (id %s)", r.ID)
	}
	if r.Emitted > 0 {
		s += fmt.Sprintf(", and %d more emitted", r.Emitted)
	}
	return s
}

// result reads the answer to one event. Statuses without a verdict are errors.
func (ans *answer) result() (*result, error) {
	var r result
	if err := json.Unmarshal(ans.body, &r); err != nil || r.Verdict == "" {
		if ans.status != http.StatusOK {
			return nil, ans.refusal()
		}
		return nil, fmt.Errorf("the answer is not a relay's: %.100q; does --url point at one?", ans.body)
	}
	return &r, nil
}

func (ans *answer) verdict() string {
	var r result
	_ = json.Unmarshal(ans.body, &r) // what is no JSON has no verdict
	return r.Verdict
}

// results reads the answer to a batch of n events.
func (ans *answer) results(n int) ([]result, error) {
	if ans.status != http.StatusOK {
		return nil, ans.refusal()
	}
	var b struct {
		Results []result `json:"results"`
	}
	if err := json.Unmarshal(ans.body, &b); err != nil || len(b.Results) != n {
		return nil, fmt.Errorf("the answer is not a relay's to %d events: %.100q; does --url point at one?", n, ans.body)
	}
	return b.Results, nil
}
