package meter

import "fmt"

// Opcodes that are treated by name (WebAssembly 2.0 §5.4).
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opSelectT      = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45
	opI32LeU       = 0x4d
	opI32GtU       = 0x4b
	opI64LtS       = 0x53
	opI64GtU       = 0x56
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32Or        = 0x72
	opI32ShrU      = 0x76
	opI64Add       = 0x7c
	opI64Sub       = 0x7d
	opI64Mul       = 0x7e
	opI64Or        = 0x84
	opI64Shl       = 0x86
	opI64ExtendU   = 0xad
	opSelect       = 0x1b
	opRefNull      = 0xd0
	opRefFunc      = 0xd2
	opMisc         = 0xfc
	opVector       = 0xfd
	blockVoid      = 0x40
	vecConst       = 0x0c
	miscMemoryInit = 0x08
	miscDataDrop   = 0x09
	miscMemoryCopy = 0x0a
	miscMemoryFill = 0x0b
	miscTableInit  = 0x0c
	miscElemDrop   = 0x0d
	miscTableCopy  = 0x0e
	miscTableGrow  = 0x0f
	miscTableSize  = 0x10
	miscTableFill  = 0x11
)

// immediate is what follows an opcode.
type immediate byte

const (
	immIllegal immediate = iota // no such instruction
	immNone
	immControl // by name, in body.go
	immLocal
	immGlobal
	immTable
	immMemArg
	immMemArgLane
	immZero // one zero byte
	immI32
	immI64
	imm4
	imm8
	imm16
	immLane
	immRefType
)

// instruction is what the scan knows of an opcode: its immediate, how many operands it takes and gives, and its weight.
type instruction struct {
	imm       immediate
	pop, push int8
	weight    uint16
}

// span is a range of opcodes that are alike.
type span struct {
	from, to int
	instruction
}

func expand(spans []span) (table [256]instruction) {
	for _, s := range spans {
		for op := s.from; op <= s.to; op++ {
			table[op] = s.instruction
		}
	}
	return table
}

var (
	plainOps  = expand(plainSpans)
	miscOps   = expand(miscSpans)
	vectorOps = expand(vectorSpans)
)

// unsupported says what an opcode outside of WebAssembly 2.0 belongs to.
func unsupported(prefix byte, op uint32) error {
	switch {
	case prefix == opVector && op >= 0x100:
		return fmt.Errorf("uses relaxed SIMD (0xfd 0x%x), which is not supported", op)
	case prefix != 0:
		return fmt.Errorf("has an unknown instruction (0x%02x 0x%x)", prefix, op)
	}
	feature := ""
	switch op {
	case 0x06, 0x07, 0x08, 0x09, 0x0a, 0x18, 0x19, 0x1f:
		feature = "exception handling"
	case 0x12, 0x13:
		feature = "tail calls"
	case 0x14, 0x15, 0xd3, 0xd4, 0xd5, 0xd6:
		feature = "typed function references"
	case 0xfb:
		feature = "garbage collection"
	case 0xfe:
		feature = "threads"
	default:
		return fmt.Errorf("has an unknown instruction (0x%02x)", op)
	}
	return fmt.Errorf("uses %s (0x%02x), which are not supported; build for WebAssembly 2.0", feature, op)
}
