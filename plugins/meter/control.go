package meter

import (
	"errors"
	"fmt"
)

// blockType reads what a block takes and gives (§5.4.1).
func (w *walker) blockType() (params, results int32) {
	if c := w.r.at; c < len(w.r.b) && w.r.b[c] >= blockVoid && w.r.b[c] < 0x80 {
		t := w.r.byte()
		switch {
		case t == blockVoid:
			return 0, 0
		case isValueType(t):
			return 0, 1
		}
		w.r.fail(fmt.Errorf("has a block of a type (0x%02x) that is not of WebAssembly 2.0", t))
		return 0, 0
	}
	i := w.r.s33()
	if (i < 0 || i >= int64(len(w.m.types))) && w.r.err == nil {
		w.r.fail(fmt.Errorf("has a block of type %d, which does not exist", i))
	}
	if w.r.err != nil {
		return 0, 0
	}
	t := &w.m.types[i]
	return int32(len(t.params)), int32(len(t.results))
}

func (w *walker) enter(op byte) {
	params, results := w.blockType()
	w.b.blocks++
	switch op {
	case opLoop:
		w.b.blocks++
	case opIf:
		w.operands(1, 0)
		w.b.blocks += 2
	}
	w.b.moves += uint64(params + results)
	w.pay(weightSimple)
	f := frame{
		op: op, live: w.current != dead, params: params, results: results,
		base:   max(w.height-params, w.frames[len(w.frames)-1].base),
		region: w.current, mark: int32(len(w.m.a.sites)), outer: int32(len(w.frames)), sets: w.sets,
	}
	f.first = op == opLoop && w.straight()
	w.frames = append(w.frames, f)
	if f.live && op != opBlock {
		w.open()
		w.frames[len(w.frames)-1].loop = w.current
	}
}

// straight reports whether everything so far runs once and to here, without a call.
func (w *walker) straight() bool {
	return w.current == 0 && len(w.regions) == 1 && w.regions[0].exit < 0 && len(w.m.a.calls) == w.b.calls[0] && !w.b.indirect
}

func (w *walker) otherwise() {
	f := &w.frames[len(w.frames)-1]
	if f.op != opIf {
		w.r.fail(errors.New("has an else without an if"))
		return
	}
	f.op, f.falls = opElse, w.current != dead
	w.height = f.base + f.params
	if f.live {
		w.open()
	}
}

func (w *walker) leave() {
	depth := len(w.frames) - 1
	f := w.frames[depth]
	w.frames = w.frames[:depth]
	if depth == 0 {
		return
	}
	parent := &w.frames[depth-1]
	parent.outer = min(parent.outer, f.outer)
	w.height = f.base + f.results
	w.deepest = max(w.deepest, w.height)
	moves := min(w.sets-f.sets, uint64(w.b.locals)+w.mutable) + uint64(max(f.params, f.results))
	if f.op == opLoop {
		w.leaveLoop(&f, depth, moves)
	} else {
		w.leaveBlock(&f, depth, moves)
	}
}

func (w *walker) leaveBlock(f *frame, depth int, moves uint64) {
	merges := f.targeted || f.op != opBlock
	reached := w.current != dead || f.targeted || f.falls || f.op == opIf
	switch {
	case !f.live || !reached:
		w.current = dead
		return
	case merges || int(f.outer) >= depth:
		w.resume(f, depth)
	}
	if merges {
		w.pay(moves / moveShare)
	}
}

func (w *walker) leaveLoop(f *frame, depth int, moves uint64) {
	if !f.live {
		return
	}
	reached := w.current != dead
	if f.targeted {
		w.regions[f.loop].weight += moves / moveShare
		head := &w.m.a.sites[w.regions[f.loop].site]
		head.tested, head.again = true, f.params == 0
		w.b.toLoop = w.b.toLoop || f.first
	} else {
		w.join(f)
	}
	if reached && (f.targeted || int(f.outer) >= depth) {
		w.resume(f, depth)
	}
}

// resume goes on with the region that a construct began in. If control can leave the construct other than by its end,
// that is a side exit of the region.
func (w *walker) resume(f *frame, depth int) {
	if w.m.exact {
		w.open()
		return
	}
	w.current = f.region
	if r := &w.regions[f.region]; r.exit >= f.mark { // that led to the end of the construct, or is made up for now
		r.exit, r.after = -1, 0
	}
	if int(f.outer) < depth {
		w.sideExit()
	}
}

// join makes the body of a loop that nothing branches to a part of the region that the loop began in.
func (w *walker) join(f *frame) {
	into, loop := &w.regions[f.region], &w.regions[f.loop]
	into.weight += loop.weight
	if into.exit >= 0 {
		into.after += loop.weight
	} else {
		into.exit, into.after = loop.exit, loop.after
	}
	loop.weight, loop.exit, loop.after = 0, -1, 0
	if w.current == f.loop {
		w.current = f.region
	}
}

// die ends the current region: what follows is not reached.
func (w *walker) die() {
	w.current = dead
	w.height = w.frames[len(w.frames)-1].base
}

// target notes a branch to a label, and returns how many values it carries.
func (w *walker) target(label uint32) uint64 {
	top := len(w.frames) - 1
	if int64(label) > int64(top) {
		w.r.fail(fmt.Errorf("branches by %d labels of %d", label, top+1))
		return 0
	}
	w.b.blocks++
	f := &w.frames[top-int(label)]
	if w.current != dead {
		f.targeted = true
		w.frames[top].outer = min(w.frames[top].outer, int32(top)-int32(label))
		w.b.leaves = w.b.leaves || int(label) == top
	}
	if f.op == opLoop {
		return uint64(f.params)
	}
	return uint64(f.results)
}

func (w *walker) branch(op byte) {
	carried := w.target(w.r.u32())
	w.b.moves += carried
	w.pay(weightSimple + carried/moveShare)
	if op == opBr {
		w.die()
		return
	}
	w.operands(1, 0)
	w.sideExit()
}

func (w *walker) branchTable() {
	carried := uint64(0)
	n := w.r.count()
	for i := uint32(0); i <= n && w.r.err == nil; i++ {
		carried = w.target(w.r.u32())
		w.b.moves += carried
	}
	w.pay(weightSwitch + carried/moveShare)
	w.die()
}

func (w *walker) returns(at int) {
	f := &w.frames[0]
	w.b.moves += uint64(f.results)
	w.pay(weightSimple + uint64(f.results)/moveShare)
	if w.current != dead {
		top := len(w.frames) - 1
		w.frames[top].outer = 0
		w.b.leaves = true
		w.replace(siteReturn, uint32(top), at)
	}
	w.die()
}

func (w *walker) call(at int) {
	f := w.m.function(&w.r)
	if w.r.err != nil {
		return
	}
	weight := uint64(weightHost)
	if defined := int(f) - len(w.m.imports); defined >= 0 {
		weight = weightCall
		w.m.a.calls = append(w.m.a.calls, uint32(defined))
	}
	w.replace(siteCall, f, at)
	w.called(w.m.funcs[f], weight)
}

func (w *walker) callIndirect() {
	typ := w.m.typeIndex(&w.r)
	w.m.table(&w.r)
	if w.r.err != nil {
		return
	}
	w.operands(1, 0)
	w.b.indirect = true
	w.b.extra += compileIndirect
	w.called(typ, weightIndirect)
}

// called takes account of a call of a function of a type.
func (w *walker) called(typ uint32, weight uint64) {
	t := &w.m.types[typ]
	w.b.called++
	w.b.reloads++
	w.b.moves += uint64(len(t.params) + len(t.results))
	w.operands(int32(len(t.params)), int32(len(t.results)))
	w.pay(weight + (uint64(len(t.params)+len(t.results))+w.mutable)/moveShare)
	w.sets += w.mutable
}
