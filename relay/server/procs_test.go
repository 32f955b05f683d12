package server

import (
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/transport"
)

// unsetProcs leaves GOMAXPROCS to the code under test, and puts it back afterwards.
func unsetProcs(t *testing.T) {
	was := runtime.GOMAXPROCS(cores())
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
	t.Setenv("GOMAXPROCS", "") // so that it is put back
	require.NoError(t, os.Unsetenv("GOMAXPROCS"))
}

func TestProcs_whileBusy(t *testing.T) {
	unsetProcs(t)
	synctest.Test(t, func(t *testing.T) {
		p := &procs{raised: cores() + 3}
		assert.Equal(t, cores(), runtime.GOMAXPROCS(0))
		p.busy()
		for range 5 {
			assert.Equal(t, cores()+3, runtime.GOMAXPROCS(0))
			time.Sleep(quietTime * 3 / 4) // of the bubble's clock
			p.busy()
		}
		time.Sleep(quietTime - time.Second) // as above, here and below
		synctest.Wait()
		assert.Equal(t, cores()+3, runtime.GOMAXPROCS(0))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, cores(), runtime.GOMAXPROCS(0), "not busy any more")
		p.busy()
		assert.Equal(t, cores()+3, runtime.GOMAXPROCS(0), "again")
		p.close()
		assert.Equal(t, cores(), runtime.GOMAXPROCS(0))
		p.busy()
		assert.Equal(t, cores(), runtime.GOMAXPROCS(0), "closed")
	})
}

func TestProcs_whose(t *testing.T) {
	unsetProcs(t)
	assert.Zero(t, newProcs(transport.Options{Driver: "portable", Loops: 3}).raised, "no loops")
	if runtime.GOOS == "linux" {
		assert.Equal(t, cores()+3, newProcs(transport.Options{Loops: 3}).raised)
	}
	t.Setenv("GOMAXPROCS", "1")
	assert.Zero(t, newProcs(transport.Options{Loops: 3}).raised, "who sets it knows better")
}
