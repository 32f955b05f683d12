package plugins

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"eventrelay/relay"
)

// Strangers can't push all events out of quarantine.
func TestQuarantine_Requests(t *testing.T) {
	var q quarantine
	q.configure(Quarantine{Events: 4, Bytes: relay.MiB})
	add := func(h hook, topic relay.Topic) {
		q.add((&filter{plugin: &plugin{}}).quarantined(h, event(topic, "p"), &failure{}, time.Now()))
	}
	add(onEvent, "a")
	add(onEvent, "b")
	for i := range 10 {
		add(onConnect, relay.Topic(fmt.Sprint("c", i)))
	}
	topics := func() (list []string) {
		size := 0
		for _, e := range q.list() {
			list, size = append(list, e.Event.Topic), size+e.size()
		}
		assert.Equal(t, size, q.bytes)
		return list
	}
	assert.Equal(t, []string{"a", "b", "c8", "c9"}, topics())
	for i := range 4 {
		add(onEvent, relay.Topic(fmt.Sprint("d", i)))
	}
	assert.Equal(t, []string{"d0", "d1", "d2", "d3"}, topics())
	q.configure(Quarantine{Events: 1, Bytes: relay.MiB})
	add(onConnect, "e")
	assert.Equal(t, []string{"e"}, topics())
}
