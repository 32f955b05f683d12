// Command everything uses all of the SDK, for its tests: the payload of an event says what to do with it.
package main

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"eventrelay/sdk"
	"eventrelay/sdk/grant"
)

var kept []string

func init() {
	sdk.OnInit(func(c sdk.Config) error {
		word, err := c.String("word", "")
		if err == nil && word == "wrong" {
			err = errors.New("config: word: is wrong")
		}
		return err
	})
	sdk.OnEvent(func(e *sdk.Event) sdk.Verdict {
		if string(e.Payload) == "quick" {
			return quick(e)
		}
		verb, rest, _ := strings.Cut(string(e.Payload[:min(len(e.Payload), 64)]), " ")
		return verbs[verb](e, rest)
	})
	sdk.OnConnect(func(e *sdk.Event) sdk.Verdict {
		if e.Attributes.Get("query") == "" {
			return sdk.Reject("no query")
		}
		e.Attributes = e.Attributes.With("user", "ada")
		return sdk.ReplaceEvent(e)
	})
	sdk.OnSubscribe(func(e *sdk.Event) sdk.Verdict { return sdk.Pass() })
	sdk.OnDisconnect(func(e *sdk.Event) { sdk.Log(sdk.Info, "bye "+e.Attributes.Get("user")) })
}

func main() {}

// quick looks at every part of the event and passes it.
func quick(e *sdk.Event) sdk.Verdict {
	if _, ok := e.Attributes.Lookup("tenant"); !ok || e.Topic == "" || e.UnixNano == 0 {
		return sdk.Drop("incomplete")
	}
	return sdk.Pass()
}

var verbs = map[string]func(e *sdk.Event, rest string) sdk.Verdict{
	"pass":    func(*sdk.Event, string) sdk.Verdict { return sdk.Pass() },
	"drop":    func(_ *sdk.Event, why string) sdk.Verdict { return sdk.Drop(why) },
	"reject":  func(_ *sdk.Event, why string) sdk.Verdict { return sdk.Reject(why) },
	"fail":    func(_ *sdk.Event, why string) sdk.Verdict { return sdk.Fail(why) },
	"panic":   func(_ *sdk.Event, why string) sdk.Verdict { panic(why) },
	"exit":    func(*sdk.Event, string) sdk.Verdict { os.Exit(0); return sdk.Pass() },
	"block":   func(*sdk.Event, string) sdk.Verdict { <-make(chan int); return sdk.Pass() },
	"empty":   func(*sdk.Event, string) sdk.Verdict { return sdk.Replace(nil) },
	"inplace": func(e *sdk.Event, _ string) sdk.Verdict { copy(e.Payload, "INPLACE"); return sdk.Replace(e.Payload) },
	"literal": func(*sdk.Event, string) sdk.Verdict { return sdk.Replace([]byte("literal")) },
	"size": func(e *sdk.Event, _ string) sdk.Verdict {
		return sdk.Replace(strconv.AppendInt(nil, int64(len(e.Payload)), 10))
	},
	"echo": func(e *sdk.Event, _ string) sdk.Verdict { return sdk.ReplaceEvent(e) },
	"record": func(e *sdk.Event, topic string) sdk.Verdict {
		return sdk.ReplaceEvent(&sdk.Event{Topic: topic, Kind: sdk.JSON, Payload: []byte("1"), Attributes: e.Attributes.With("b", "2")})
	},
	"emit": func(e *sdk.Event, topic string) sdk.Verdict {
		for i := range 3 {
			if err := sdk.EmitEvent(&sdk.Event{Topic: topic, Kind: sdk.Text, Payload: strconv.AppendInt(nil, int64(i), 10)}); err != nil {
				return sdk.Drop(err.Error())
			}
		}
		return sdk.Pass()
	},
	"mallocs": func(*sdk.Event, string) sdk.Verdict {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return sdk.Replace(strconv.AppendUint(nil, m.Mallocs, 10))
	},
	"keep": func(e *sdk.Event, _ string) sdk.Verdict {
		kept = append(kept, e.Topic)
		return sdk.Replace([]byte(strings.Join(kept, " ")))
	},
	"garbage": func(*sdk.Event, string) sdk.Verdict {
		for range 1000 {
			kept = append(kept[:0], strings.Repeat("x", 100_000))
		}
		runtime.GC()
		return sdk.Pass()
	},
	"kv": func(*sdk.Event, string) sdk.Verdict {
		if err := grant.KVSet("k", []byte(strings.Repeat("v", 300)), time.Minute); err != nil {
			return sdk.Fail(err.Error())
		}
		v, _ := grant.KVGet("k")
		_, ok := grant.KVGet("absent")
		sum, _ := grant.KVAdd("n", 40, 0)
		return sdk.Replace([]byte(strconv.Itoa(len(v)) + strconv.FormatBool(ok) + strconv.FormatInt(sum, 10)))
	},
	"world": func(*sdk.Event, string) sdk.Verdict {
		b := make([]byte, 4)
		grant.Random(b)
		grant.Count("seen", 2)
		sdk.Log(sdk.Warn, "random "+string(b))
		return sdk.Replace([]byte(grant.Now().Format(time.RFC3339Nano)))
	},
}
