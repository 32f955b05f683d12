package plugins

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay"
)

// Connections outlive filters: the one that has the name then learns of their end.
func TestHooks_Reload(t *testing.T) {
	r := openRig(t, Options{Lanes: 2}, hooksFilter("gate"))
	var visits []*relay.Visit
	for id := range uint64(4) {
		visits = append(visits, r.connect(arrival(id, "p")).Visit)
	}
	changed := hooksFilter("gate")
	changed.Config = map[string]any{"version": 2}
	require.NoError(t, r.Reload(t.Context(), []Filter{changed, hooksFilter("new")}))
	r.Leave(visits[0])
	r.eventually("told by the new version", func() bool { return r.custom("gate", "disconnect") == 1 })

	require.NoError(t, r.Reload(t.Context(), []Filter{{Name: "gate", Path: guest("puppet")}, hooksFilter("new")}))
	r.Leave(visits[1])
	require.NoError(t, r.Reload(t.Context(), nil))
	assert.Zero(t, r.Hooks())
	r.Leave(visits[2])
	require.NoError(t, r.Reload(t.Context(), []Filter{hooksFilter("gate"), hooksFilter("new")}))
	r.Leave(visits[3])
	require.NoError(t, r.Part(t.Context()))
	assert.EqualValues(t, 1, r.custom("gate", "disconnect"), "the name was forgotten in between, and its counts with it")
	assert.Zero(t, r.custom("new", "disconnect"), "it has accepted none of them")
}

// What a reload asked of the hooks holds for a rollback, too: where filters alone decide, it must not lock everybody out.
func TestHooks_RollbackIf(t *testing.T) {
	r := openRig(t, Options{Lanes: 2}, Filter{Name: "gate", Path: guest("puppet")})
	missing := errors.New("nobody decides")
	require.NoError(t, r.ReloadIf(t.Context(), []Filter{hooksFilter("gate")}, func(hooks relay.HookSet) error {
		if !hooks.Has(relay.HookConnect) {
			return missing
		}
		return nil
	}))
	for range 2 {
		require.ErrorIs(t, r.Rollback(t.Context(), "gate"), missing)
		assert.Nil(t, r.connect(arrival(1, "p")).Refusal)
		assert.EqualValues(t, 2, r.Plugins()[0].Running.Number, "the running one stays")
	}
	require.NoError(t, r.Reload(t.Context(), []Filter{hooksFilter("gate")}))
	require.NoError(t, r.Rollback(t.Context(), "gate"))
	assert.Equal(t, relay.Accepted, r.say("p").Verdict)
}
