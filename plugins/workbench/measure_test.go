package workbench

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

func TestMeasure(t *testing.T) {
	b, old := bench(t, guests+"puppet.wasm"), bench(t, guests+"pass.wasm")
	c, err := Measure(t.Context(), b, old, []*relay.Event{{Topic: "t", Payload: []byte("p"), Time: epoch}}, 100*time.Millisecond)
	require.NoError(t, err)
	assert.Positive(t, c.Clock)
	for _, m := range []*Measurement{c.New, c.Old} {
		assert.Positive(t, m.Calls)
		assert.Positive(t, m.PerCall.Min)
		assert.LessOrEqual(t, m.PerCall.Min, m.PerCall.Median)
		assert.LessOrEqual(t, m.P50, m.P99)
		assert.Zero(t, m.Failures)
		assert.Zero(t, m.Growth)
	}
	assert.Greater(t, c.New.Fuel, c.Old.Fuel, "the puppet looks at its event")
	assert.InDelta(t, c.New.Fuel/c.Old.Fuel, c.FuelOf, 1e-9)
	assert.Equal(t, relay.Size(20*64<<10), relay.Size(c.New.Memory))
}

func TestMeasure_TellsOfFailuresAndGrowth(t *testing.T) {
	b := bench(t, guests+"puppet.wasm")
	c, err := Measure(t.Context(), b, nil, []*relay.Event{{Topic: "t", Payload: []byte("u"), Time: epoch}, {Topic: "t", Payload: []byte("g"), Time: epoch}}, 50*time.Millisecond)
	require.NoError(t, err)
	assert.Equal(t, c.New.Calls/2, c.New.Failures)
	assert.Contains(t, c.New.Failure, "unreachable")
	assert.Positive(t, c.New.Growth)
	assert.Nil(t, c.Ratio)
}

func TestMeasure_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := bench(t, guests+"pass.wasm")
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := Measure(ctx, b, nil, []*relay.Event{{Topic: "t", Time: epoch}}, time.Hour)
	assert.ErrorIs(t, err, context.Canceled)
}
