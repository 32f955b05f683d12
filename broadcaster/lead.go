package broadcaster

import (
	"encoding/binary"

	"eventrelay/relay"
)

// storedOverhead is how much longer a stored block is than what it stores.
const storedOverhead = 5

// lead is the beginning of a feed's envelopes, the latest feed's that a shard served: it differs per feed, so that kept
// for each it would weigh more than the feed.
type lead struct {
	feed *feed
	// block is the beginning as a DEFLATE block without compression (RFC 1951 §3.2.4). It ends at a byte boundary, so a
	// compressed body may follow, whose references never reach back into it: so the rest is compressed once for all feeds.
	block []byte
}

// prefix begins an envelope of f that is not compressed. It is empty in plain form, and valid until the next call.
func (l *lead) prefix(f *feed) []byte {
	if block := l.stored(f); len(block) > 0 {
		return block[storedOverhead:]
	}
	return nil
}

// stored begins a compressed envelope of f. It is empty in plain form, and valid until the next call.
func (l *lead) stored(f *feed) []byte {
	if f.form.Inflated() != relay.Envelope {
		return nil
	}
	if l.feed != f {
		l.feed = f
		l.block = appendPrefix(append(l.block[:0], make([]byte, storedOverhead)...), f.called())
		n := uint16(len(l.block) - storedOverhead) // a pattern has at most relay.MaxTopic bytes
		binary.LittleEndian.PutUint16(l.block[1:], n)
		binary.LittleEndian.PutUint16(l.block[3:], ^n)
	}
	return l.block
}
