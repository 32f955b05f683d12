// Command go is the conformance guest in Go: it does what sdk/conformance/README.md says.
package main

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"eventrelay/sdk"
	"eventrelay/sdk/grant"
)

var config struct {
	word         string
	limit, start int64
	on           bool
	names        []string
}

func init() {
	sdk.OnInit(configure)
	sdk.OnEvent(func(e *sdk.Event) sdk.Verdict {
		verb, ok := e.Attributes.Lookup("do")
		if !ok {
			return text(e, describe(e))
		}
		do, ok := verbs[string(verb)]
		if !ok {
			return sdk.Fail("unknown verb: " + string(verb))
		}
		return do(e, e.Attributes.Get("with"))
	})
	sdk.OnConnect(connect)
	sdk.OnSubscribe(subscribe)
	sdk.OnDisconnect(func(e *sdk.Event) { sdk.Log(sdk.Info, "bye "+e.Attributes.Get("user")) })
}

func main() {}

func configure(c sdk.Config) (err error) {
	if err = c.Only("word", "limit", "on", "names", "start"); err != nil {
		return err
	}
	if config.word, err = c.String("word", "none"); err != nil {
		return err
	}
	if config.limit, err = c.Int("limit", 7); err != nil {
		return err
	}
	if config.on, err = c.Bool("on", false); err != nil {
		return err
	}
	if config.names, err = c.Strings("names"); err != nil {
		return err
	}
	if config.start, err = c.Int("start", 0); err != nil {
		return err
	}
	if config.word == "wrong" {
		return errors.New("config: word: is wrong")
	}
	return nil
}

var verbs = map[string]func(e *sdk.Event, with string) sdk.Verdict{
	"pass":       func(*sdk.Event, string) sdk.Verdict { return sdk.Pass() },
	"drop":       func(_ *sdk.Event, with string) sdk.Verdict { return sdk.Drop(with) },
	"reject":     func(_ *sdk.Event, with string) sdk.Verdict { return sdk.Reject(with) },
	"fail":       func(_ *sdk.Event, with string) sdk.Verdict { return sdk.Fail(with) },
	"panic":      func(_ *sdk.Event, with string) sdk.Verdict { panic(with) },
	"loop":       func(*sdk.Event, string) sdk.Verdict { loop(); return sdk.Pass() },
	"echo":       func(e *sdk.Event, _ string) sdk.Verdict { return sdk.Replace(e.Payload) },
	"reverse":    func(e *sdk.Event, _ string) sdk.Verdict { slices.Reverse(e.Payload); return sdk.Replace(e.Payload) },
	"replace":    func(_ *sdk.Event, with string) sdk.Verdict { return sdk.Replace([]byte(with)) },
	"change":     func(e *sdk.Event, _ string) sdk.Verdict { return change(e) },
	"bare":       func(_ *sdk.Event, with string) sdk.Verdict { return bare(with) },
	"emit":       emit,
	"emit-event": emitEvent,
	"config":     func(e *sdk.Event, _ string) sdk.Verdict { return text(e, configuration()) },
	"state":      func(e *sdk.Event, _ string) sdk.Verdict { config.start++; return number(e, config.start-1) },
	"log":        log,
	"kv-set":     kvSet,
	"kv-get":     kvGet,
	"kv-add":     kvAdd,
	"kv-delete":  func(e *sdk.Event, _ string) sdk.Verdict { grant.KVDelete(e.Attributes.Get("key")); return sdk.Pass() },
	"now":        func(e *sdk.Event, _ string) sdk.Verdict { return number(e, grant.Now().UnixNano()) },
	"random":     random,
	"metric": func(e *sdk.Event, with string) sdk.Verdict {
		grant.Count(with, argument(e, "delta"))
		return sdk.Pass()
	},
}

// argument is an attribute that is a number.
func argument(e *sdk.Event, name string) int64 {
	n, _ := strconv.ParseInt(e.Attributes.Get(name), 10, 64)
	return n
}

// text answers e with another payload, of kind text.
func text(e *sdk.Event, payload string) sdk.Verdict {
	e.Kind, e.Payload = sdk.Text, []byte(payload)
	return sdk.ReplaceEvent(e)
}

func number(e *sdk.Event, n int64) sdk.Verdict { return text(e, strconv.FormatInt(n, 10)) }

var kinds = [...]string{sdk.Binary: "binary", sdk.Text: "text", sdk.JSON: "json"}

func describe(e *sdk.Event) string {
	lines := []string{
		"topic " + e.Topic,
		"kind " + kinds[e.Kind],
		"inbound " + strconv.FormatBool(e.Inbound),
		"time " + strconv.FormatInt(e.UnixNano, 10),
		"attributes " + strconv.Itoa(e.Attributes.Len()),
	}
	for key, value := range e.Attributes.All() {
		lines = append(lines, string(key)+"="+string(value))
	}
	return strings.Join(append(lines, "payload "+strconv.Itoa(len(e.Payload))), "\n")
}

func configuration() string {
	lines := []string{
		"word " + config.word,
		"limit " + strconv.FormatInt(config.limit, 10),
		"on " + strconv.FormatBool(config.on),
		"start " + strconv.FormatInt(config.start, 10),
		"names " + strconv.Itoa(len(config.names)),
	}
	return strings.Join(append(lines, config.names...), "\n")
}

func loop() {
	for n := 0; ; n++ {
		config.limit += int64(n)
	}
}

func change(e *sdk.Event) sdk.Verdict {
	told := *e
	if topic, ok := told.Attributes.Lookup("topic"); ok {
		e.Topic = string(topic)
	}
	if kind, ok := told.Attributes.Lookup("kind"); ok {
		e.Kind = map[string]sdk.Kind{"text": sdk.Text, "json": sdk.JSON}[string(kind)]
	}
	if payload, ok := told.Attributes.Lookup("payload"); ok {
		e.Payload = payload
	}
	for line := range lines(told.Attributes.Get("set")) {
		name, value, _ := strings.Cut(line, "=")
		e.Attributes = e.Attributes.With(name, value)
	}
	for name := range lines(told.Attributes.Get("remove")) {
		e.Attributes = e.Attributes.Without(name)
	}
	return sdk.ReplaceEvent(e)
}

// lines yields the lines of s, none if it is empty.
func lines(s string) func(func(string) bool) {
	if s == "" {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(s, "\n")
}

func bare(topic string) sdk.Verdict {
	return sdk.ReplaceEvent(&sdk.Event{Topic: topic, Kind: sdk.Text, Payload: []byte("bare")})
}

func emit(e *sdk.Event, topic string) sdk.Verdict {
	for i := range argument(e, "count") {
		n := strconv.FormatInt(i, 10)
		if sdk.Emit(topic, sdk.Text, []byte(n)) != nil {
			return sdk.Drop("refused " + n)
		}
	}
	return sdk.Pass()
}

func emitEvent(e *sdk.Event, topic string) sdk.Verdict {
	e.Topic, e.Attributes = topic, e.Attributes.With("emitted", "yes")
	if err := sdk.EmitEvent(e); err != nil {
		return sdk.Fail(err.Error())
	}
	return sdk.Drop("")
}

var levels = map[string]sdk.Level{"debug": sdk.Debug, "info": sdk.Info, "warn": sdk.Warn, "error": sdk.Error}

func log(e *sdk.Event, line string) sdk.Verdict {
	sdk.Log(levels[e.Attributes.Get("level")], line)
	return sdk.Pass()
}

func ttl(e *sdk.Event) time.Duration { return time.Duration(argument(e, "ttl")) * time.Millisecond }

func kvSet(e *sdk.Event, _ string) sdk.Verdict {
	if grant.KVSet(e.Attributes.Get("key"), e.Payload, ttl(e)) != nil {
		return sdk.Drop("no room")
	}
	return sdk.Pass()
}

func kvGet(e *sdk.Event, _ string) sdk.Verdict {
	value, ok := grant.KVGet(e.Attributes.Get("key"))
	if !ok {
		return sdk.Drop("absent")
	}
	return sdk.Replace(value)
}

func kvAdd(e *sdk.Event, _ string) sdk.Verdict {
	sum, err := grant.KVAdd(e.Attributes.Get("key"), argument(e, "delta"), ttl(e))
	if err != nil {
		return sdk.Drop("no room")
	}
	return number(e, sum)
}

func random(e *sdk.Event, _ string) sdk.Verdict {
	b := bytes.Repeat([]byte{0}, int(argument(e, "count")))
	grant.Random(b)
	return sdk.Replace(b)
}

func connect(e *sdk.Event) sdk.Verdict {
	switch e.Attributes.Get("query") {
	case "user":
		e.Attributes = e.Attributes.With("user", "ada").With("seen", e.Attributes.Get("header.x-seen"))
		e.Topic = "tenants.ada"
		return sdk.ReplaceEvent(e)
	case "refuse":
		return sdk.Refuse(401, "who are you?")
	case "reject":
		return sdk.Reject("no entry")
	case "drop":
		return sdk.Drop("not now")
	case "fail":
		return sdk.Fail("no idea")
	case "panic":
		panic("at connect")
	}
	return sdk.Pass()
}

func subscribe(e *sdk.Event) sdk.Verdict {
	switch e.Topic {
	case "secret.>":
		return sdk.Refuse(404, "secret")
	case "mine.>":
		e.Topic = "tenants." + e.Attributes.Get("user") + ".>"
		return sdk.ReplaceEvent(e)
	}
	return sdk.Pass()
}
