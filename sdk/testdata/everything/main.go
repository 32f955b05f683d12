// Command everything does what only the runtime of Go makes possible, for the tests of the SDK: the payload of an event
// says what. What every SDK must be able to do is in sdk/conformance.
package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"eventrelay/sdk"
)

var kept []string

func init() {
	sdk.OnEvent(func(e *sdk.Event) sdk.Verdict {
		if string(e.Payload) == "quick" {
			return quick(e)
		}
		verb, _, _ := strings.Cut(string(e.Payload[:min(len(e.Payload), 64)]), " ")
		return verbs[verb](e)
	})
}

func main() {}

// quick looks at every part of the event and passes it.
func quick(e *sdk.Event) sdk.Verdict {
	if _, ok := e.Attributes.Lookup("tenant"); !ok || e.Topic == "" || e.UnixNano == 0 {
		return sdk.Drop("incomplete")
	}
	return sdk.Pass()
}

var verbs = map[string]func(e *sdk.Event) sdk.Verdict{
	"exit":    func(*sdk.Event) sdk.Verdict { os.Exit(0); return sdk.Pass() },
	"block":   func(*sdk.Event) sdk.Verdict { <-make(chan int); return sdk.Pass() },
	"inplace": func(e *sdk.Event) sdk.Verdict { copy(e.Payload, "INPLACE"); return sdk.Replace(e.Payload) },
	"literal": func(*sdk.Event) sdk.Verdict { return sdk.Replace([]byte("literal")) },
	"size":    func(e *sdk.Event) sdk.Verdict { return number(uint64(len(e.Payload))) },
	"mallocs": func(*sdk.Event) sdk.Verdict {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return number(m.Mallocs)
	},
	"keep": func(e *sdk.Event) sdk.Verdict {
		kept = append(kept, e.Topic)
		return sdk.Replace([]byte(strings.Join(kept, " ")))
	},
	"garbage": func(*sdk.Event) sdk.Verdict {
		for range 1000 {
			kept = append(kept[:0], strings.Repeat("x", 100_000))
		}
		runtime.GC()
		return sdk.Pass()
	},
}

func number(n uint64) sdk.Verdict { return sdk.Replace(strconv.AppendUint(nil, n, 10)) }
