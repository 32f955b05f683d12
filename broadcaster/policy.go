package broadcaster

import (
	"errors"
	"fmt"
	"time"

	"eventrelay/relay"
)

// Policy is what becomes of a client that does not keep up. A frame that it was in the middle of is always completed.
type Policy string

const (
	// Disconnect closes it, with 4100, when it is past a lag limit.
	Disconnect Policy = "disconnect"
	// Skip has it go on with the newest event when it is past a lag limit.
	Skip Policy = "skip"
	// Latest keeps for it, from the moment that it is behind, the newest event of each topic only.
	Latest Policy = "latest"
)

func (p Policy) validate(key string) error {
	switch p {
	case "", Disconnect, Skip, Latest:
		return nil
	}
	return fmt.Errorf("%s: %.32q is none; write disconnect, skip or latest", key, string(p))
}

// Topic is what holds for subscriptions of some topics. A subscription has the settings of the first entry that matches
// all topics that the subscription can match.
type Topic struct {
	// Match selects the topics. Required.
	Match relay.Pattern `koanf:"match"`
	// Slow says what becomes of clients that do not keep up. Default: that of Options.
	Slow Policy `koanf:"slow"`
	// MaxLag is how many bytes of events may wait for one client; with Latest, how many are kept. The newest event never
	// counts. Default: that of Options.
	MaxLag relay.Size `koanf:"max_lag"`
	// MaxLagTime is how long an event may wait for one client. Default: that of Options; with Latest, without end.
	MaxLagTime time.Duration `koanf:"max_lag_time"`
}

// maxTopics is how many entries there may be: a feed remembers its own in a byte, and 0 means none.
const maxTopics = 255

func validateTopics(topics []Topic) error {
	var errs []error
	if len(topics) > maxTopics {
		errs = append(errs, fmt.Errorf("topics: has %d entries; at most %d are possible", len(topics), maxTopics))
	}
	for i, t := range topics {
		key := fmt.Sprintf("topics[%d].", i)
		if err := validateMatch(key+"match", topics[:i], t.Match); err != nil {
			errs = append(errs, err)
		}
		if err := t.Slow.validate(key + "slow"); err != nil {
			errs = append(errs, err)
		}
		if t.MaxLag < 0 {
			errs = append(errs, fmt.Errorf("%smax_lag: %v is negative", key, t.MaxLag))
		}
		if t.MaxLagTime < 0 {
			errs = append(errs, fmt.Errorf("%smax_lag_time: %v is negative", key, t.MaxLagTime))
		}
	}
	return errors.Join(errs...)
}

func validateMatch(key string, earlier []Topic, match relay.Pattern) error {
	if match == "" {
		return fmt.Errorf(`%s: is missing; write a pattern, such as "prices.>"`, key)
	}
	if _, err := relay.ParsePattern(string(match)); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	for j, e := range earlier {
		if e.Match.Covers(match) {
			return fmt.Errorf("%s: %q has no effect, as topics[%d] matches all of it and comes first", key, match, j)
		}
	}
	return nil
}

// mode is a Policy in one byte.
type mode uint8

const (
	modeDisconnect mode = iota
	modeSkip
	modeLatest
)

func (p Policy) mode() mode {
	switch p {
	case Skip:
		return modeSkip
	case Latest:
		return modeLatest
	}
	return modeDisconnect
}

// limits are the policy of a feed, with all defaults filled in.
type limits struct {
	mode       mode
	maxLag     uint64
	maxLagTime time.Duration // 0: none
}

// rules are what Reconfigure may change. They are replaced, never changed.
type rules struct {
	topics []Topic
	limits []limits // [0] where no entry matches, [i+1] for topics[i]
	memory uint64
}

// newRules needs options with defaults.
func newRules(o Options) *rules {
	r := &rules{topics: o.Topics, memory: uint64(o.Memory)}
	if len(r.topics) > maxTopics {
		r.topics = r.topics[:maxTopics]
	}
	r.add(Topic{MaxLagTime: o.MaxLagTime}, o)
	if r.limits[0].mode == modeLatest {
		r.limits[0].maxLagTime = 0
	}
	for _, t := range r.topics {
		r.add(t, o)
	}
	return r
}

func (r *rules) add(t Topic, o Options) {
	l := limits{mode: t.Slow.mode(), maxLag: uint64(t.MaxLag), maxLagTime: t.MaxLagTime}
	if t.Slow == "" {
		l.mode = o.Slow.mode()
	}
	if t.MaxLag <= 0 {
		l.maxLag = uint64(o.MaxLag)
	}
	if t.MaxLagTime <= 0 {
		l.maxLagTime = o.MaxLagTime
		if l.mode == modeLatest {
			l.maxLagTime = 0
		}
	}
	r.limits = append(r.limits, l)
}

// find returns the place in limits of what holds for subscriptions of p.
func (r *rules) find(p relay.Pattern) uint8 {
	for i, t := range r.topics {
		if t.Match.Covers(p) {
			return uint8(i + 1)
		}
	}
	return 0
}

// tick is how often the limits in time are to be looked at.
func (r *rules) tick() time.Duration {
	d := time.Second
	for _, l := range r.limits {
		if l.maxLagTime > 0 {
			d = min(d, l.maxLagTime/4)
		}
	}
	return max(d, time.Millisecond)
}

// Reconfigure puts Slow, MaxLag, MaxLagTime, Memory and Topics of o in force, also for subscriptions that stand. The other
// options stay. It takes a moment of publishing time for each feed, if Topics differ.
func (b *Broadcaster) Reconfigure(o Options) {
	r := newRules(o.withDefaults())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules.Store(r)
	b.index.each(func(f *feed) { f.rule = r.find(f.pattern) })
}

// limits returns what holds for f. It needs mu.
func (b *Broadcaster) limits(f *feed) *limits { return &b.rules.Load().limits[f.rule] }
