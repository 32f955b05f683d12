package broadcaster_test

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// sim is a driver with made-up sockets: each takes as many bytes as its room says, and then is full.
type sim struct {
	socks   map[relay.Slot]*sock
	closed  map[relay.Slot]relay.CloseReason
	wakes   chan struct{}
	sends   int
	largest int // bytes of one send
}

type sock struct {
	room int // bytes it takes before it is full; negative: any number
	dead bool
	got  []byte
	full bool
}

func newSim() *sim {
	return &sim{socks: map[relay.Slot]*sock{}, closed: map[relay.Slot]relay.CloseReason{}, wakes: make(chan struct{}, 1)}
}

func (d *sim) Send(slot relay.Slot, p []byte) (int, error) {
	s := d.socks[slot]
	d.sends++
	d.largest = max(d.largest, len(p))
	if s.dead {
		return 0, errors.New("broken pipe")
	}
	n := len(p)
	if s.room >= 0 {
		n = min(n, s.room)
		s.room -= n
	}
	s.got = append(s.got, p[:n]...)
	s.full = n < len(p)
	return n, nil
}

func (d *sim) Wake() {
	select {
	case d.wakes <- struct{}{}:
	default:
	}
}

func (d *sim) Closed(slot relay.Slot, reason relay.CloseReason) {
	if _, twice := d.closed[slot]; twice {
		panic(fmt.Sprintf("slot %d closed twice", slot))
	}
	d.closed[slot] = reason
}

func (d *sim) open(s relay.Shard, slot relay.Slot) *sock {
	k := &sock{room: -1}
	d.socks[slot] = k
	delete(d.closed, slot)
	s.Open(slot)
	return k
}

// frame is a message as a client sees it.
type frame struct {
	op      byte
	payload string
}

// frames parses a stream of unmasked server frames; it fails on anything else.
func frames(t testing.TB, b []byte) (all []frame) {
	for len(b) > 0 {
		require.GreaterOrEqual(t, len(b), 2, "cut header")
		op, n, head := b[0], int(b[1]), 2
		require.EqualValues(t, 0x80, op&0xb0, "one final frame per message")
		switch n {
		case 126:
			n, head = int(binary.BigEndian.Uint16(b[2:])), 4
		case 127:
			n, head = int(binary.BigEndian.Uint64(b[2:])), 10
		}
		require.GreaterOrEqual(t, len(b), head+n, "cut frame")
		payload := string(b[head : head+n])
		if op&0x40 != 0 {
			payload = inflate(t, payload)
		}
		all = append(all, frame{op & 15, payload})
		b = b[head+n:]
	}
	return all
}

// inflate decompresses a message with the standard library, which is not what compresses it.
func inflate(t testing.TB, payload string) string {
	r := flate.NewReader(strings.NewReader(payload + "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff")) // RFC 7692 §7.2.2, and an end
	p, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(p)
}

func passAll(s relay.Shard) {
	for s.Pass(1000) {
	}
}

func event(topic relay.Topic, payload string) *relay.Event {
	return &relay.Event{Topic: topic, ID: "e", Payload: []byte(payload), Kind: relay.KindText}
}
