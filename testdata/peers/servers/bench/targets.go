//go:build linux

package main

import (
	"fmt"
	"strings"
)

// target is what relay is to reach, as a figure of runs with the same number.
type target struct {
	what   string
	figure func(m measured) series
	limit  float64
	least  bool // the limit is the least, not the most
}

// measured gives the figures of a peer in a workload. What was not measured has none.
type measured func(workload, peer string) *figures

// targets are those that the project has set itself.
var targets = []target{
	{"1a: CPU per delivery ÷ c", func(m measured) series { return m("1a", relayName).cpu.over(m("1a", floorName).cpu) }, 1.05, false},
	{"1a: p99 ÷ c", func(m measured) series { return m("1a", relayName).p99.over(m("1a", floorName).p99) }, 1.1, false},
	{"1b: CPU per delivery ÷ c", func(m measured) series { return m("1b", relayName).cpu.over(m("1b", floorName).cpu) }, 1.05, false},
	{"1b: p99 ÷ c", func(m measured) series { return m("1b", relayName).p99.over(m("1b", floorName).p99) }, 1.1, false},
	{"1a: CPU per delivery with two loops ÷ with one", func(m measured) series {
		return m("1a", "relay-2loops").cpu.over(m("1a", relayName).cpu)
	}, 1.15, false},
	{"2a: deliveries/s ÷ Bun", func(m measured) series { return m("2a", relayName).perSecond.over(m("2a", bunName).perSecond) }, 2.5, true},
	{"2b: deliveries/s ÷ Bun", func(m measured) series { return m("2b", relayName).perSecond.over(m("2b", bunName).perSecond) }, 2.5, true},
	{"2a: Bun's CPU per delivery ÷ relay's", func(m measured) series { return m("2a", bunName).cpu.over(m("2a", relayName).cpu) }, 2.5, true},
	{"2a: CPU per delivery × 6 µs ÷ c's of 1a", func(m measured) series { // so that machines of another speed compare
		return m("2a", relayName).cpu.over(m("1a", floorName).cpu).times(6)
	}, 0.22, false},
	{"3a: CPU per delivery without publishing (7b) ÷ 1a", func(m measured) series {
		return m("3a", relayName).cpu.plus(m("7b", relayName).cpu.times(-1)).over(m("1a", relayName).cpu)
	}, 1.5, false},
	{"3b: CPU per delivery without publishing (7b ÷ 20) ÷ 1a", func(m measured) series {
		return m("3b", relayName).cpu.plus(m("7b", relayName).cpu.times(-1. / 20)).over(m("1a", relayName).cpu)
	}, 1.5, false},
	{"4: KB of user memory per idle connection", func(m measured) series { return m("4", relayName).rss }, 0.35, false},
	{"5: CPU per handshake ÷ c", func(m measured) series { return m("4", relayName).cpu.over(m("4", floorName).cpu) }, 1.3, false},
	{"6: the others' p99 with stuck and slow clients ÷ without", func(m measured) series {
		return m("6b", relayName).p99.over(m("6a", relayName).p99)
	}, 1.1, false},
	{"7a: single POSTs/s ÷ net/http with json.Valid", func(m measured) series {
		return m("7a", relayName).perSecond.over(m("7a", "nethttp").perSecond)
	}, 0.9, true},
	{"7b: events/s by NDJSON", func(m measured) series { return m("7b", relayName).perSecond }, 300_000, true},
	{"8a: events/s with a filter in C ÷ without", func(m measured) series {
		return m("8a", relayName).perSecond.over(m("7b", relayName).perSecond)
	}, 0.6, true},
	{"9: CPU per delivery with half of the clients deflated ÷ without", func(m measured) series {
		return m("9b", relayName).cpu.over(m("9a", relayName).cpu)
	}, 1.5, false},
	{"9: KB of user memory per connection, the same", func(m measured) series {
		return m("9b", relayName).rss.over(m("9a", relayName).rss)
	}, 1.1, false},
}

// targetTable renders what relay reached; "" if nothing of it was measured.
func targetTable(m measured) string {
	var b strings.Builder
	for _, t := range targets {
		reached := t.figure(m)
		if len(reached) == 0 {
			continue
		}
		word, verdict := "≤", "missed"
		if t.least {
			word = "≥"
		}
		if median := reached.median(); t.least && median >= t.limit || !t.least && median <= t.limit {
			verdict = "reached"
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s | %s |\n", t.what, word, number(t.limit), reached, verdict)
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n| relay's targets | | measured | |\n|---|--:|--:|---|\n" + b.String()
}
