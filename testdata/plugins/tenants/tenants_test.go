package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/sdk"
	"eventrelay/sdk/sdktest"
)

func TestTenants(t *testing.T) {
	f, err := sdktest.Start(`{"tokens":["s3cret acme"]}`)
	require.NoError(t, err)
	request := sdk.Attributes(nil).With("path", "/ws")
	for name, tt := range map[string]struct {
		request sdk.Attributes
		want    sdktest.Outcome
	}{
		"nothing shown":  {request, sdktest.Refused},
		"bearer":         {request.With("header.authorization", "bearer s3cret"), sdktest.Changed},
		"wrong bearer":   {request.With("header.authorization", "Bearer s3cre"), sdktest.Refused},
		"another scheme": {request.With("header.authorization", "Basic s3cret"), sdktest.Refused},
		"query":          {request.With("query", "topic=a&token=s3cret"), sdktest.Changed},
		"escaped query":  {request.With("query", "token=%733cret"), sdktest.Changed},
		"two tokens":     {request.With("query", "token=s3cret&token=s3cret"), sdktest.Refused},
		"broken query":   {request.With("query", "token=s3cret&%"), sdktest.Refused},
		"empty token":    {request.With("query", "token="), sdktest.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			got := f.Connect(sdk.Event{Topic: "a", Attributes: tt.request})
			require.Equal(t, tt.want, got.Outcome, got.Reason)
			if got.Outcome == sdktest.Refused {
				assert.Equal(t, 401, got.Status)
				assert.NotContains(t, got.Reason, "s3cret")
				return
			}
			assert.Equal(t, sdk.Attributes(nil).With("tenant", "acme"), got.Event.Attributes)
		})
	}
	acme := sdk.Attributes(nil).With("tenant", "acme")
	assert.Equal(t, "acme.orders.>", f.Subscribe(sdk.Event{Topic: "orders.>", Attributes: acme}).Event.Topic)
	assert.Equal(t, "acme.chat", f.Event(sdk.Event{Topic: "chat", Inbound: true, Attributes: acme}).Event.Topic)
	assert.Equal(t, sdktest.Passed, f.Event(sdk.Event{Topic: "acme.chat", Inbound: true, Attributes: acme}).Outcome)
	assert.Equal(t, "acme.globex.chat", f.Event(sdk.Event{Topic: "globex.chat", Inbound: true, Attributes: acme}).Event.Topic)
	assert.Equal(t, sdktest.Passed, f.Event(sdk.Event{Topic: "globex.chat"}).Outcome, "published over HTTP")
}

func TestConfigure(t *testing.T) {
	for _, config := range []string{"", `{"tokens":[]}`, `{"tokens":["alone"]}`, `{"tokens":["a b.c"]}`, `{"tokens":["a *"]}`, `{"tokens":["a b c"]}`, `{"token":["a b"]}`} {
		_, err := sdktest.Start(config)
		assert.Error(t, err, config)
	}
}
