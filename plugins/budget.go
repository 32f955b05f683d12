package plugins

import "time"

// budget is how much may still be emitted, and how long guests may still run.
type budget struct {
	events, payload, attributes int
	time                        time.Duration
}

// Caps on what one event may grow to by emitting, over all filters and what they emit in turn. One call has its own:
// limits.emits, and for the bytes max_event and maxAttributes.
const (
	maxEmitsPerEvent = 1024
	maxEmitSizes     = 8 // times max_event, and maxAttributes
)

func eventBudget(maxEvent int, most time.Duration) budget {
	return budget{maxEmitsPerEvent, maxEmitSizes * maxEvent, maxEmitSizes * maxAttributes, most}
}

func callBudget(l *Limits, maxEvent int) budget {
	return budget{l.Emits, maxEvent, maxAttributes, l.Time}
}

// take takes room for one event, if there is some.
func (b *budget) take(payload, attributes int) bool {
	if b.events == 0 || b.payload < payload || b.attributes < attributes {
		return false
	}
	*b = b.minus(budget{1, payload, attributes, 0})
	return true
}

func (b budget) minus(used budget) budget {
	return budget{b.events - used.events, b.payload - used.payload, b.attributes - used.attributes, b.time - used.time}
}

// least returns the smaller of both, part by part.
func (b budget) least(o budget) budget {
	return budget{min(b.events, o.events), min(b.payload, o.payload), min(b.attributes, o.attributes), min(b.time, o.time)}
}
