package main

import (
	"errors"
	"testing"

	"github.com/dop251/goja"
)

// scripts are filters in JavaScript, the same text for all hosts.
var scripts = []struct {
	name, text string
	writes     bool
}{
	{"filter", `(event) => event.data.type === "trade" && event.data.price > 100 ? event : null`, false},
	{"transform", `(event) => { event.data.card = "****"; event.data.total = event.data.price * event.data.quantity; return event }`, true},
}

// gojaHost does in goja what relay does for a script, and no more: data is parsed when it is first read, and written by
// JSON.stringify when it was set or written to; whether it was written to, which relay finds out, the script's row says.
// Goja has neither a sandbox nor limits.
type gojaHost struct {
	vm     *goja.Runtime
	handle goja.Callable
}

const gojaPrelude = `(filter, writes) => (text) => {
	let data, read = false
	const event = {
		get data() {
			if (!read) { data = JSON.parse(text); read = true }
			return data
		},
	}
	const answer = filter(event)
	if (answer === null) return null
	return writes ? JSON.stringify(data) : text
}`

func openGoja(text string, writes bool) (*gojaHost, error) {
	h := &gojaHost{vm: goja.New()}
	wrap, err := h.vm.RunString(gojaPrelude)
	if err != nil {
		return nil, err
	}
	filter, err := h.vm.RunString(text)
	if err != nil {
		return nil, err
	}
	start, _ := goja.AssertFunction(wrap)
	handle, err := start(goja.Undefined(), filter, h.vm.ToValue(writes))
	if err != nil {
		return nil, err
	}
	h.handle, _ = goja.AssertFunction(handle)
	return h, nil
}

func (h *gojaHost) bench(b *testing.B) {
	input := []byte(event)
	loop(b, func() error {
		answer, err := h.handle(goja.Undefined(), h.vm.ToValue(string(input)))
		if err == nil && len(answer.String()) < 100 {
			err = errors.New("the event did not pass")
		}
		return err
	})
}
