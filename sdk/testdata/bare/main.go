// Command bare is the smallest filter, for the tests of package sdk.
package main

import "eventrelay/sdk"

func init() {
	sdk.OnEvent(func(e *sdk.Event) sdk.Verdict {
		if len(e.Payload) == 0 {
			return sdk.Drop("empty")
		}
		return sdk.Pass()
	})
}

func main() {}
