// Package contract is what the Go servers have in common: where they listen, who gets what, and nothing that costs time.
//
// GET /ws?topic=T subscribes to T, and each message from that client goes to all of T. On GET /publish each message is
// "TOPIC PAYLOAD", so that one connection can publish to many topics and gets nothing back.
package contract

import (
	"bytes"
	"cmp"
	"net"
	"os"
	"sync"
)

// Addr returns the loopback address to listen on, with the port of the environment's PORT.
func Addr() string { return net.JoinHostPort("127.0.0.1", cmp.Or(os.Getenv("PORT"), "9000")) }

// Deflate tells whether to negotiate permessage-deflate: DEFLATE=1.
func Deflate() bool { return os.Getenv("DEFLATE") == "1" }

// Route returns where a message goes, and what of it. own is the topic of the client that sent it; publishers have none.
// A publisher's message that names no topic goes nowhere: nobody subscribes to "".
func Route(own string, message []byte) (topic string, payload []byte) {
	if own != "" {
		return own, message
	}
	name, payload, ok := bytes.Cut(message, []byte{' '})
	if !ok {
		return "", nil
	}
	return string(name), payload
}

// Topics holds who subscribes to what. All methods may be called at once.
type Topics[C comparable] struct {
	mu      sync.RWMutex
	members map[string]map[C]struct{}
}

// Join adds c to a topic.
func (t *Topics[C]) Join(topic string, c C) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.members == nil {
		t.members = make(map[string]map[C]struct{})
	}
	if t.members[topic] == nil {
		t.members[topic] = make(map[C]struct{})
	}
	t.members[topic][c] = struct{}{}
}

// Leave removes c from a topic. An unknown one is no error.
func (t *Topics[C]) Leave(topic string, c C) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.members[topic], c)
	if len(t.members[topic]) == 0 {
		delete(t.members, topic)
	}
}

// Each calls send for each subscriber of a topic. send must not block, nor call Join or Leave.
func (t *Topics[C]) Each(topic string, send func(C)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for c := range t.members[topic] {
		send(c)
	}
}
