package meter

import (
	"errors"
	"fmt"
)

// instruction reads one, and takes account of it.
func (w *walker) instruction() {
	if w.cut && w.current != dead {
		w.open()
		w.m.a.sites[w.regions[w.current].site].tested = true
	}
	at := w.r.at
	op := w.r.byte()
	info := &plainOps[op]
	switch info.imm {
	case immIllegal:
		if w.r.err == nil {
			w.r.fail(unsupported(0, uint32(op)))
		}
		return
	case immControl:
		w.control(op, at)
		return
	}
	w.plain(info)
	switch op {
	case opLocalSet, opLocalTee, opGlobalSet:
		w.sets++
	case opTableGet:
		w.b.extra += compileEntry
	case opTableSet:
		w.m.changesTables = true
		w.b.extra += compileEntry
	case opMemoryGrow:
		w.m.growsMemory = true
		w.b.extra += compileGrow
		w.b.reloads += 2
		w.before(sitePages, at)
		w.sets += w.mutable
	}
}

// plain takes account of an instruction whose opcode says all but its immediate.
func (w *walker) plain(info *instruction) {
	w.immediate(info.imm)
	w.operands(int32(info.pop), int32(info.push))
	w.pay(uint64(info.weight))
}

// before notes a charge by the operand of the instruction that began at a place.
func (w *walker) before(kind siteKind, at int) {
	if w.current != dead {
		w.site(kind, 0, at)
	}
}

func (w *walker) immediate(kind immediate) {
	r := &w.r
	switch kind {
	case immLocal:
		if i := r.u32(); i >= w.b.locals && r.err == nil {
			r.fail(fmt.Errorf("names local %d, which does not exist", i))
		}
	case immGlobal:
		if i := r.u32(); int64(i) >= int64(len(w.m.globals)) && r.err == nil {
			r.fail(fmt.Errorf("names global %d, which does not exist", i))
		}
	case immTable:
		w.m.table(r)
	case immMemArg, immMemArgLane:
		if align := r.u32(); align > 4 { // also where other proposals put a memory's index
			r.fail(errors.New("has an alignment above 16"))
		}
		r.u32()
		if kind == immMemArgLane {
			r.byte()
		}
	case immZero:
		if r.byte() != 0 {
			r.fail(errors.New("uses a second memory, which is not supported"))
		}
	case immI32:
		r.skipLEB(5)
	case immI64:
		r.skipLEB(10)
	case imm4:
		r.bytes(4)
	case imm8:
		r.bytes(8)
	case imm16:
		r.bytes(16)
	case immLane:
		r.byte()
	case immRefType:
		if t := r.byte(); !isRefType(t) {
			r.fail(fmt.Errorf("has a null reference (0x%02x) that is not of WebAssembly 2.0", t))
		}
	}
}

// control takes account of the instructions that need more than a table.
func (w *walker) control(op byte, at int) {
	switch op {
	case opBlock, opLoop, opIf:
		w.enter(op)
	case opElse:
		w.otherwise()
	case opEnd:
		w.leave()
	case opBr, opBrIf:
		w.branch(op)
	case opBrTable:
		w.branchTable()
	case opReturn:
		w.returns(at)
	case opUnreachable:
		w.pay(weightSimple)
		w.die()
	case opCall:
		w.call(at)
	case opCallIndirect:
		w.callIndirect()
	case opSelectT:
		w.operands(3, 1)
		if n, t := w.r.byte(), w.r.byte(); n != 1 || !isValueType(t) {
			w.r.fail(errors.New("has a select that is not of one type"))
		}
		w.pay(weightSimple)
	case opRefFunc:
		w.operands(0, 1)
		f := w.m.function(&w.r)
		w.replace(siteRefFunc, f, at)
		w.b.extra += compileRef
		w.pay(weightHost)
	case opMisc:
		w.misc(at)
	case opVector:
		w.vector()
	}
}

// vector reads an instruction of 0xfd. NOTE: engines read the opcode as one byte and take the 0x01 that follows those
// above 0x7f for a nop, so that no other way to write it may pass: they would see other instructions than we do.
func (w *walker) vector() {
	op := uint32(w.r.byte())
	if op >= 0x80 {
		if high := w.r.byte(); high != 1 && w.r.err == nil {
			w.r.fail(unsupported(opVector, op&0x7f|uint32(high)<<7))
			return
		}
	}
	w.b.wide = true
	info := &vectorOps[op]
	if info.imm == immIllegal && w.r.err == nil {
		w.r.fail(unsupported(opVector, op))
		return
	}
	w.plain(info)
}

// misc reads an instruction of 0xfc.
func (w *walker) misc(at int) {
	op := w.r.byte()
	info := &miscOps[op]
	if info.imm == immIllegal {
		if w.r.err == nil {
			w.r.fail(unsupported(opMisc, uint32(op)))
		}
		return
	}
	if info.imm != immControl {
		w.plain(info)
	} else {
		w.segments(op, info)
	}
	if w.r.err == nil {
		w.bulk(op, at)
	}
}

// segments reads the indices of a bulk instruction.
func (w *walker) segments(op byte, info *instruction) {
	r := &w.r
	switch op {
	case miscMemoryInit, miscDataDrop:
		if i := r.u32(); int64(i) >= int64(w.m.declared) && r.err == nil {
			r.fail(fmt.Errorf("names data segment %d, which is not declared", i))
		}
		if op == miscMemoryInit {
			w.immediate(immZero)
		}
	case miscMemoryCopy:
		w.immediate(immZero)
		w.immediate(immZero)
	case miscMemoryFill:
		w.immediate(immZero)
	case miscTableInit, miscElemDrop:
		if i := r.u32(); int64(i) >= int64(w.m.segments) && r.err == nil {
			r.fail(fmt.Errorf("names element segment %d, which does not exist", i))
		}
		if op == miscTableInit {
			w.m.table(r)
		}
	case miscTableCopy:
		w.m.table(r)
		w.m.table(r)
	}
	w.operands(int32(info.pop), int32(info.push))
	w.pay(uint64(info.weight))
}

// bulk notes what is to be paid by length.
func (w *walker) bulk(op byte, at int) {
	w.b.reloads++
	switch op {
	case miscTableGrow:
		w.b.extra += compileGrow
	case miscTableFill:
		w.b.blocks += tableFillBlocks
		w.b.extra += compileTable
	case miscTableInit, miscTableCopy:
		w.b.extra += compileTable
	}
	switch op {
	case miscMemoryInit:
		w.memoryInit(at)
	case miscMemoryCopy, miscMemoryFill:
		kind := siteCopy
		if op == miscMemoryFill {
			kind = siteFill
		}
		if w.current != dead {
			w.replace(kind, 0, at)
		}
	case miscTableInit, miscTableCopy, miscTableFill, miscTableGrow:
		w.m.changesTables = true
		w.before(siteEntries, at)
	case miscDataDrop, miscElemDrop:
		w.m.changesTables = true
	}
}

// memoryInit pays before a short copy, and has a long one done in chunks.
func (w *walker) memoryInit(at int) {
	segment := (&reader{b: w.b.code, at: at + 2}).u32()
	switch {
	case w.current == dead:
	case w.m.data[segment] > bulkChunk:
		w.replace(siteInit, segment, at)
	default:
		w.site(siteBytes, 0, at)
	}
}
