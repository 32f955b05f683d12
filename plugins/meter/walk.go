package meter

import (
	"errors"
	"fmt"
)

// frame is an open block, loop, if, or the function itself.
type frame struct {
	op              byte
	live            bool // was reached
	targeted        bool // a branch leads to its label
	falls           bool // the first arm of an if reaches its end
	first           bool // a loop that the function runs straight into
	params, results int32
	base            int32 // operands below it
	region          int32 // that it began in
	loop            int32 // region of a loop's body
	mark            int32 // sites before it
	outer           int32 // the outermost frame that a branch from within it leads to
	sets            uint64
}

// walker walks over the instructions of one function.
type walker struct {
	m       *module
	b       *body
	r       reader
	index   int // of the function
	frames  []frame
	regions []region
	current int32 // region, or -1 in dead code
	cut     bool  // the current region became long: begin another
	height  int32 // operands
	deepest int32
	sets    uint64 // locals and globals set so far
	mutable uint64 // globals, and what else is loaded anew after a call
}

const dead = -1

// analyse walks over all functions.
func (m *module) analyse() error {
	w := &walker{m: m, mutable: uint64(m.mutable) + 2}
	for i := range m.bodies {
		if err := w.function(i); err != nil {
			return err
		}
	}
	m.graph()
	m.plan()
	return m.affordable()
}

func (w *walker) function(i int) error {
	m := w.m
	w.b, w.index = &m.bodies[i], len(m.imports)+i
	w.r = reader{b: w.b.code, at: w.b.instr}
	w.frames, w.regions = w.frames[:0], w.regions[:0]
	w.height, w.deepest, w.sets, w.cut = 0, 0, 0, false
	w.b.sites[0], w.b.calls[0] = len(m.a.sites), len(m.a.calls)
	w.b.blocks = 1
	typ := m.types[m.funcs[w.index]]
	w.current = dead
	w.open()
	w.pay(weightEntry)
	w.frames = append(w.frames, frame{op: opBlock, live: true, results: int32(len(typ.results)), region: 0})
	for len(w.frames) > 0 {
		at := w.r.at
		if w.instruction(); w.r.err != nil {
			return w.failed(at)
		}
	}
	if w.r.more() {
		w.r.err = errors.New("has instructions after its end")
		return w.failed(w.r.at)
	}
	return w.finish()
}

func (w *walker) failed(at int) error {
	return fmt.Errorf("function %d (%s) at offset 0x%x %w", w.index, w.m.nameOf(w.index), w.b.at+at, w.r.err)
}

// finish writes the weights into the sites, and checks the limits on a whole function.
func (w *walker) finish() error {
	m, b := w.m, w.b
	for _, r := range w.regions {
		s := &m.a.sites[r.site]
		s.val = uint32(min(r.weight, 1<<31))
		if r.weight > 0 {
			s.kind = siteCharge
		}
		b.weight += r.weight
	}
	b.depth, b.sets = int(w.deepest), w.sets
	b.sites[1], b.calls[1] = len(m.a.sites), len(m.a.calls)
	if b.blocks > m.limits.Blocks {
		return fmt.Errorf("function %d (%s) has %d basic blocks; at most %d, as compiling takes quadratic time: split the function, or build with less inlining", w.index, m.nameOf(w.index), b.blocks, m.limits.Blocks)
	}
	return nil
}

// open begins a region at the next instruction.
func (w *walker) open() {
	w.regions = append(w.regions, region{site: w.site(siteNone, 0, 0), exit: -1})
	w.current = int32(len(w.regions) - 1)
	w.cut = false
}

// site notes that something is to be done before the next instruction, and returns its index.
func (w *walker) site(kind siteKind, val uint32, at int) int32 {
	if at == 0 {
		at = w.r.at
	}
	w.m.a.sites = append(w.m.a.sites, site{at: uint32(at), val: val, kind: kind})
	return int32(len(w.m.a.sites) - 1)
}

// replace notes that something is to be done instead of the instruction that began at a place and has been read.
func (w *walker) replace(kind siteKind, val uint32, at int) {
	w.m.a.sites[w.site(kind, val, at)].size = uint8(w.r.at - at)
}

// pay adds to what the current region costs.
func (w *walker) pay(weight uint64) {
	if w.current == dead {
		return
	}
	r := &w.regions[w.current]
	r.weight += weight
	if r.exit >= 0 {
		if r.after += weight; r.after > earlyExit {
			w.split(r)
		}
	}
	if r.weight > longRun || w.m.exact {
		w.cut = true
	}
}

// split cuts the current region at its side exit.
func (w *walker) split(r *region) {
	old, fresh := w.current, int32(len(w.regions))
	exit, after := r.exit, r.after
	r.weight -= after
	r.exit, r.after = -1, 0
	for i := len(w.frames) - 1; i >= 0 && w.frames[i].mark > exit; i-- {
		if w.frames[i].region == old {
			w.frames[i].region = fresh
		}
	}
	w.regions = append(w.regions, region{site: exit, exit: -1, weight: after})
	w.current = fresh
}

// sideExit notes that control may leave the current region here.
func (w *walker) sideExit() {
	if w.current == dead {
		return
	}
	if r := &w.regions[w.current]; r.exit < 0 {
		r.exit, r.after = w.site(siteNone, 0, 0), 0
	}
}

// operands takes some from the stack and puts some on it.
func (w *walker) operands(pop, push int32) {
	w.height = max(w.height-pop, w.frames[len(w.frames)-1].base) + push
	w.deepest = max(w.deepest, w.height)
}
