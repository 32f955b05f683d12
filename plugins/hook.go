package plugins

import (
	"eventrelay/relay"
	"eventrelay/sdk/abi"
)

// hook is what a filter is called for: the number of a bit of abi.Hook.
type hook uint8

const (
	onEvent hook = iota
	onConnect
	onSubscribe
	onDisconnect
	hookKinds = int(onDisconnect) + 1
)

var hookTable = [hookKinds]struct {
	export string
	label  string        // in metrics, quarantine and logs
	bit    relay.HookSet // 0 for events
}{
	onEvent:      {abi.ExportOnEvent, "event", 0},
	onConnect:    {abi.ExportOnConnect, "connect", relay.HookConnect},
	onSubscribe:  {abi.ExportOnSubscribe, "subscribe", relay.HookSubscribe},
	onDisconnect: {abi.ExportOnDisconnect, "disconnect", relay.HookDisconnect},
}

var allHooks = []hook{onEvent, onConnect, onSubscribe, onDisconnect}

func (h hook) String() string { return hookTable[h].label }

// refuses reports whether the hook may refuse with an HTTP status.
func (h hook) refuses() bool { return h == onConnect || h == onSubscribe }

// hookSet returns the hooks beside that for events that some step has.
func hookSet(steps []step) (set relay.HookSet) {
	for i := range steps {
		for h := onConnect; int(h) < hookKinds; h++ {
			if steps[i].filter.has(h) {
				set |= hookTable[h].bit
			}
		}
	}
	return set
}
