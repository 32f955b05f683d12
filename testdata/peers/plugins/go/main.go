// The scan as a filter of relay in stock Go.
package main

import "eventrelay/sdk"

func init() {
	sdk.OnEvent(func(e *sdk.Event) sdk.Verdict {
		for _, c := range e.Payload {
			if c < ' ' {
				return sdk.Drop("control characters")
			}
		}
		return sdk.Pass()
	})
}

func main() {}
