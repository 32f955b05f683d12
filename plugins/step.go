package plugins

import (
	"slices"

	"eventrelay/relay"
)

// step is a filter's place in a chain: which events it sees, and what its failure means. It costs nothing to change.
type step struct {
	filter  *filter // held by the generation
	onError string
	topics  []relay.Pattern
	sources [2]bool // by relay.Source

	breaker    Breaker
	quarantine Quarantine
}

func newStep(f *filter, spec *Filter) step {
	s := step{
		filter:     f,
		onError:    spec.OnError,
		topics:     spec.Topics,
		breaker:    spec.Breaker.withDefaults(),
		quarantine: spec.Quarantine.withDefaults(),
	}
	if s.onError == "" {
		s.onError = dropOnError
	}
	for _, src := range []relay.Source{relay.Published, relay.Inbound} {
		s.sources[src] = len(spec.Sources) == 0 || slices.Contains(spec.Sources, src.String())
	}
	return s
}
