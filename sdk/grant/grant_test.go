package grant

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMillis(t *testing.T) {
	assert.Equal(t, []int64{0, 1, 1, 2, 0}, []int64{millis(0), millis(1), millis(1e6), millis(1e6 + 1), millis(-5)})
}
