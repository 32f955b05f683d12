package plugins

import (
	"hash/maphash"
	"strings"
	"sync"

	"eventrelay/relay"
)

// filterSet is a set of the chain's filters: bit i is filters[i].
type filterSet uint64

// after returns what of s comes after filter i.
func (s filterSet) after(i int) filterSet { return s &^ (2<<i - 1) }

// matcher says which filters see a topic. It remembers what it found, as matching patterns takes longer than a small
// filter; what it remembers is bounded, however many topics there are. Safe for concurrent use.
type matcher struct {
	// Set at construction.
	every    [2]filterSet // by source: filters without patterns
	patterns [2][]matchRow
	shards   [matchShards]matchShard
}

// matchRow is one pattern and the filter that has it.
type matchRow struct {
	pattern relay.Pattern
	bit     filterSet
}

const (
	matchShards   = 16
	maxShardItems = 1024
)

// matchShard remembers the sets of some topics, by source.
type matchShard struct {
	mu   sync.RWMutex
	sets map[relay.Topic][2]filterSet
}

func newMatcher(steps []step) *matcher {
	m := &matcher{}
	for i := range steps {
		for src, sees := range steps[i].sources {
			if sees && steps[i].filter.has(onEvent) {
				m.add(src, steps[i].topics, 1<<i)
			}
		}
	}
	return m
}

func (m *matcher) add(src int, topics []relay.Pattern, bit filterSet) {
	if len(topics) == 0 {
		m.every[src] |= bit
	}
	for _, p := range topics {
		if p == ">" {
			m.every[src] |= bit
			continue
		}
		m.patterns[src] = append(m.patterns[src], matchRow{p, bit})
	}
}

// topicSeed makes lanes and shards unpredictable for those who choose topics.
var topicSeed = maphash.MakeSeed()

func hashTopic(t relay.Topic) uint64 { return maphash.String(topicSeed, string(t)) }

// match returns the filters that see events of a topic from src. hash is the topic's.
func (m *matcher) match(t relay.Topic, hash uint64, src relay.Source) filterSet {
	if len(m.patterns[src]) == 0 {
		return m.every[src]
	}
	shard := &m.shards[hash>>32%matchShards]
	shard.mu.RLock()
	sets, known := shard.sets[t]
	shard.mu.RUnlock()
	if !known {
		sets = [2]filterSet{m.find(t, relay.Published), m.find(t, relay.Inbound)}
		shard.remember(t, sets)
	}
	return sets[src]
}

func (m *matcher) find(t relay.Topic, src relay.Source) filterSet {
	set := m.every[src]
	for _, row := range m.patterns[src] {
		if set&row.bit == 0 && row.pattern.Matches(t) {
			set |= row.bit
		}
	}
	return set
}

func (s *matchShard) remember(t relay.Topic, sets [2]filterSet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sets == nil || len(s.sets) >= maxShardItems {
		s.sets = make(map[relay.Topic][2]filterSet) // starting anew is cheap, and no flood of topics can make it dear
	}
	s.sets[relay.Topic(strings.Clone(string(t)))] = sets // t may be a part of something large
}
