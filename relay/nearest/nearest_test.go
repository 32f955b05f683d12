package nearest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTo(t *testing.T) {
	names := []string{"topic", "data", "data_base64", "event_id"}
	for s, want := range map[string]string{
		"topics": "topic", "Data": "data", "data-base64": "data_base64", "eventid": "event_id", "payload": "", "": "", "xopic": "topic",
	} {
		got, ok := To(s, names)
		assert.Equal(t, want, got, s)
		assert.Equal(t, want != "", ok, s)
	}
}
