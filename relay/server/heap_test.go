package server

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewFloor(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	floor := newFloor()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	assert.GreaterOrEqual(t, m.NextGC-m.HeapAlloc, uint64(heapFloor), "what may be allocated until the next collection")
	runtime.KeepAlive(floor)
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Run("not with "+name, func(t *testing.T) {
			t.Setenv(name, "100MiB")
			require.Nil(t, newFloor())
		})
	}
}
