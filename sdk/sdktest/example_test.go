package sdktest_test

import (
	"errors"
	"fmt"
	"strings"

	"eventrelay/sdk"
	"eventrelay/sdk/sdktest"
)

// In a filter this is func init.
func init() {
	var limit int
	sdk.OnInit(func(c sdk.Config) error {
		n, err := c.Int("limit", 16)
		if err == nil && n < 1 {
			err = errors.New("config: limit: want at least 1")
		}
		limit = int(n)
		return err
	})
	sdk.OnEvent(func(e *sdk.Event) sdk.Verdict {
		switch {
		case len(e.Payload) > limit:
			return sdk.Reject("payload is too long")
		case e.Kind != sdk.Text:
			return sdk.Pass()
		}
		if err := sdk.Emit("audit", sdk.Text, e.Payload); err != nil {
			sdk.Log(sdk.Warn, err.Error())
		}
		return sdk.Replace([]byte(strings.ToUpper(string(e.Payload))))
	})
}

func Example() {
	filter, err := sdktest.Start(`{"limit": 5}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	got := filter.Event(sdk.Event{Topic: "chat", Kind: sdk.Text, Payload: []byte("hello")})
	fmt.Printf("%s: %s on %s\n", got.Outcome, got.Event.Payload, got.Event.Topic)
	fmt.Printf("emitted: %s on %s\n", got.Emitted[0].Payload, got.Emitted[0].Topic)

	got = filter.Event(sdk.Event{Topic: "chat", Kind: sdk.Text, Payload: []byte("hello, world")})
	fmt.Printf("%s: %s\n", got.Outcome, got.Reason)

	_, err = sdktest.Start(`{"limit": 0}`)
	fmt.Println(err)
	// Output:
	// changed: HELLO on chat
	// emitted: hello on audit
	// rejected: payload is too long
	// config: limit: want at least 1
}
