package meter

import (
	"unicode/utf8"
)

const (
	subsectionFunctions = 1   // of the name section (§7.4.1)
	maxName             = 256 // bytes of a function's name that are kept
)

// functionNames returns the function names of a name section, or nil if there are none or they are malformed: broken
// names are no reason to refuse a module, but an engine allocates by their counts.
func functionNames(r *reader) []byte {
	for r.more() {
		id, sub := r.byte(), r.bytes(r.u32())
		if r.err != nil || id != subsectionFunctions {
			continue
		}
		s := &reader{b: sub}
		n := s.count()
		for i := uint32(0); i < n && s.err == nil; i++ {
			s.u32()
			if !utf8.Valid(s.bytes(s.u32())) {
				return nil
			}
		}
		if s.err == nil && !s.more() {
			return sub
		}
	}
	return nil
}

// eachName calls f with every name, shortened, until f says false.
func (m *module) eachName(f func(index uint32, name []byte) bool) {
	r := &reader{b: m.names}
	for n := r.count(); n > 0; n-- {
		index, name := r.u32(), r.bytes(r.u32())
		if int64(index) < int64(len(m.funcs)) && !f(index, shortened(name)) {
			return
		}
	}
}

func shortened(name []byte) []byte {
	if len(name) <= maxName {
		return name
	}
	n := maxName
	for !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}

// nameOf is how errors call a function: by the name section, or an export or import.
func (m *module) nameOf(index int) string {
	found := ""
	m.eachName(func(i uint32, name []byte) bool {
		if int(i) == index {
			found = string(name)
		}
		return found == ""
	})
	if found != "" {
		return found
	}
	for _, e := range m.exports {
		if e.kind == KindFunc && int(e.index) == index {
			return string(shortened([]byte(e.name)))
		}
	}
	return "no name"
}

// nameSection returns the names of the rewritten module's functions: those of the original, and the injected ones.
func (m *module) nameSection(in *injected) []byte {
	var all []byte
	n := uint32(0)
	add := func(index uint32, name []byte) {
		all = appendU32(all, index)
		all = append(appendU32(all, uint32(len(name))), name...)
		n++
	}
	tick := uint32(len(m.imports))
	ticked := false
	last := int64(-1)
	m.eachName(func(index uint32, name []byte) bool {
		if int64(index) <= last { // engines want them in order
			return true
		}
		last = int64(index)
		if index >= tick && !ticked {
			add(tick, []byte(ReservedPrefix+TickName))
			ticked = true
		}
		add(m.shifted(index), name)
		return true
	})
	if !ticked {
		add(tick, []byte(ReservedPrefix+TickName))
	}
	for i, f := range in.funcs {
		add(in.first+uint32(i), []byte(ReservedPrefix+f.name))
	}
	sub := append(appendU32(nil, n), all...)
	return appendSection(appendName(nil, "name"), subsectionFunctions, sub)
}
