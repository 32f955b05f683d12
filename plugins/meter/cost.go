package meter

// Fuel, in units of about one simple instruction of the machine. A block's weight is the sum of what is listed here, plus:
//
//   - a call: 1 for every 4 parameters and results, and for every 4 mutable globals, which are loaded anew after it;
//   - an end or a loop that branches lead to: 1 for every 4 locals and globals that may have been set on the way, and
//     values that the branch carries, since each may have to be moved;
//   - bulk instructions: what bulk.go says, by length.
//
// These numbers are part of what fuel means: changing one changes every count, so it wants a note in CHANGELOG.md.
const (
	weightEntry    = 2   // entering a function
	weightSimple   = 1   // constants, locals, integer arithmetic, branches
	weightAccess   = 2   // loads, stores, globals
	weightFloat    = 2   // float arithmetic, integer multiplication, conversions, vectors
	weightRound    = 4   // vectors and conversions that take several instructions
	weightDivide   = 16  // division, square root
	weightSwitch   = 4   // br_table
	weightTable    = 4   // table.get, table.set
	weightCall     = 6   // call
	weightIndirect = 12  // call_indirect
	weightHost     = 100 // call of an import, and ref.func, which both leave the guest
	weightBulk     = 32  // a bulk instruction, before its length counts
	weightGrow     = 500 // memory.grow and table.grow, before their length counts
	moveShare      = 4   // moves for one unit
)

// What bulk instructions cost by their length.
const (
	bulkBytesShift  = 3       // a unit for 8 bytes
	bulkPageWeight  = 1 << 13 // units for a page that memory grows by
	bulkChunk       = 1 << 20 // bytes that one native copy may move; longer ones look at the fuel in between
	maxTableEntries = bulkChunk / 8
)

var plainSpans = []span{
	{0x00, 0x05, instruction{immControl, 0, 0, 0}},            // unreachable, nop, block, loop, if, else
	{0x01, 0x01, instruction{immNone, 0, 0, 0}},               // nop
	{0x0b, 0x11, instruction{immControl, 0, 0, 0}},            // end to call_indirect
	{0x1a, 0x1a, instruction{immNone, 1, 0, 0}},               // drop
	{0x1b, 0x1b, instruction{immNone, 3, 1, weightSimple}},    // select
	{0x1c, 0x1c, instruction{immControl, 3, 1, weightSimple}}, // select t
	{0x20, 0x20, instruction{immLocal, 0, 1, weightSimple}},   // local.get
	{0x21, 0x21, instruction{immLocal, 1, 0, weightSimple}},   // local.set
	{0x22, 0x22, instruction{immLocal, 1, 1, weightSimple}},   // local.tee
	{0x23, 0x23, instruction{immGlobal, 0, 1, weightAccess}},  // global.get
	{0x24, 0x24, instruction{immGlobal, 1, 0, weightAccess}},  // global.set
	{0x25, 0x25, instruction{immTable, 1, 1, weightTable}},    // table.get
	{0x26, 0x26, instruction{immTable, 2, 0, weightTable}},    // table.set
	{0x28, 0x35, instruction{immMemArg, 1, 1, weightAccess}},  // loads
	{0x36, 0x3e, instruction{immMemArg, 2, 0, weightAccess}},  // stores
	{0x3f, 0x3f, instruction{immZero, 0, 1, weightSimple}},    // memory.size
	{0x40, 0x40, instruction{immZero, 1, 1, weightGrow}},      // memory.grow
	{0x41, 0x41, instruction{immI32, 0, 1, weightSimple}},     // i32.const
	{0x42, 0x42, instruction{immI64, 0, 1, weightSimple}},     // i64.const
	{0x43, 0x43, instruction{imm4, 0, 1, weightSimple}},       // f32.const
	{0x44, 0x44, instruction{imm8, 0, 1, weightSimple}},       // f64.const
	{0x45, 0x45, instruction{immNone, 1, 1, weightSimple}},    // i32.eqz
	{0x46, 0x4f, instruction{immNone, 2, 1, weightSimple}},    // i32 comparisons
	{0x50, 0x50, instruction{immNone, 1, 1, weightSimple}},    // i64.eqz
	{0x51, 0x5a, instruction{immNone, 2, 1, weightSimple}},    // i64 comparisons
	{0x5b, 0x66, instruction{immNone, 2, 1, weightFloat}},     // float comparisons
	{0x67, 0x69, instruction{immNone, 1, 1, weightSimple}},    // i32.clz, ctz, popcnt
	{0x6a, 0x6b, instruction{immNone, 2, 1, weightSimple}},    // i32.add, sub
	{0x6c, 0x6c, instruction{immNone, 2, 1, weightFloat}},     // i32.mul
	{0x6d, 0x70, instruction{immNone, 2, 1, weightDivide}},    // i32 div, rem
	{0x71, 0x78, instruction{immNone, 2, 1, weightSimple}},    // i32 bits
	{0x79, 0x7b, instruction{immNone, 1, 1, weightSimple}},    // i64.clz, ctz, popcnt
	{0x7c, 0x7d, instruction{immNone, 2, 1, weightSimple}},    // i64.add, sub
	{0x7e, 0x7e, instruction{immNone, 2, 1, weightFloat}},     // i64.mul
	{0x7f, 0x82, instruction{immNone, 2, 1, weightDivide}},    // i64 div, rem
	{0x83, 0x8a, instruction{immNone, 2, 1, weightSimple}},    // i64 bits
	{0x8b, 0x8c, instruction{immNone, 1, 1, weightFloat}},     // f32.abs, neg
	{0x8d, 0x90, instruction{immNone, 1, 1, weightRound}},     // f32.ceil to nearest
	{0x91, 0x91, instruction{immNone, 1, 1, weightDivide}},    // f32.sqrt
	{0x92, 0x94, instruction{immNone, 2, 1, weightFloat}},     // f32.add, sub, mul
	{0x95, 0x95, instruction{immNone, 2, 1, weightDivide}},    // f32.div
	{0x96, 0x98, instruction{immNone, 2, 1, weightRound}},     // f32.min, max, copysign
	{0x99, 0x9a, instruction{immNone, 1, 1, weightFloat}},     // f64.abs, neg
	{0x9b, 0x9e, instruction{immNone, 1, 1, weightRound}},     // f64.ceil to nearest
	{0x9f, 0x9f, instruction{immNone, 1, 1, weightDivide}},    // f64.sqrt
	{0xa0, 0xa2, instruction{immNone, 2, 1, weightFloat}},     // f64.add, sub, mul
	{0xa3, 0xa3, instruction{immNone, 2, 1, weightDivide}},    // f64.div
	{0xa4, 0xa6, instruction{immNone, 2, 1, weightRound}},     // f64.min, max, copysign
	{0xa7, 0xa7, instruction{immNone, 1, 1, weightSimple}},    // i32.wrap_i64
	{0xa8, 0xab, instruction{immNone, 1, 1, weightRound}},     // i32.trunc
	{0xac, 0xad, instruction{immNone, 1, 1, weightSimple}},    // i64.extend
	{0xae, 0xbb, instruction{immNone, 1, 1, weightRound}},     // i64.trunc, conversions
	{0xbc, 0xbf, instruction{immNone, 1, 1, weightSimple}},    // reinterpretations
	{0xc0, 0xc4, instruction{immNone, 1, 1, weightSimple}},    // sign extension
	{0xd0, 0xd0, instruction{immRefType, 0, 1, weightSimple}}, // ref.null
	{0xd1, 0xd1, instruction{immNone, 1, 1, weightSimple}},    // ref.is_null
	{0xd2, 0xd2, instruction{immControl, 0, 1, weightHost}},   // ref.func
	{0xfc, 0xfd, instruction{immControl, 0, 0, 0}},            // prefixes
}

var miscSpans = []span{
	{0x00, 0x07, instruction{immNone, 1, 1, weightRound}},    // saturating truncations
	{0x08, 0x08, instruction{immControl, 3, 0, weightBulk}},  // memory.init
	{0x09, 0x09, instruction{immControl, 0, 0, weightTable}}, // data.drop
	{0x0a, 0x0b, instruction{immControl, 3, 0, weightBulk}},  // memory.copy, memory.fill
	{0x0c, 0x0c, instruction{immControl, 3, 0, weightBulk}},  // table.init
	{0x0d, 0x0d, instruction{immControl, 0, 0, weightTable}}, // elem.drop
	{0x0e, 0x0e, instruction{immControl, 3, 0, weightBulk}},  // table.copy
	{0x0f, 0x0f, instruction{immTable, 2, 1, weightGrow}},    // table.grow
	{0x10, 0x10, instruction{immTable, 0, 1, weightTable}},   // table.size
	{0x11, 0x11, instruction{immTable, 3, 0, weightBulk}},    // table.fill
}

var vectorSpans = []span{
	{0x00, 0x0a, instruction{immMemArg, 1, 1, weightAccess}}, // loads
	{0x0b, 0x0b, instruction{immMemArg, 2, 0, weightAccess}}, // store
	{0x0c, 0x0c, instruction{imm16, 0, 1, weightSimple}},     // const
	{0x0d, 0x0d, instruction{imm16, 2, 1, weightRound}},      // shuffle
	{0x0e, 0x0e, instruction{immNone, 2, 1, weightRound}},    // swizzle
	{0x0f, 0x14, instruction{immNone, 1, 1, weightFloat}},    // splat
	{0x15, 0x16, instruction{immLane, 1, 1, weightFloat}},    // i8x16.extract_lane
	{0x17, 0x17, instruction{immLane, 2, 1, weightFloat}},    // i8x16.replace_lane
	{0x18, 0x19, instruction{immLane, 1, 1, weightFloat}},    // i16x8
	{0x1a, 0x1a, instruction{immLane, 2, 1, weightFloat}},
	{0x1b, 0x1b, instruction{immLane, 1, 1, weightFloat}}, // i32x4
	{0x1c, 0x1c, instruction{immLane, 2, 1, weightFloat}},
	{0x1d, 0x1d, instruction{immLane, 1, 1, weightFloat}}, // i64x2
	{0x1e, 0x1e, instruction{immLane, 2, 1, weightFloat}},
	{0x1f, 0x1f, instruction{immLane, 1, 1, weightFloat}}, // f32x4
	{0x20, 0x20, instruction{immLane, 2, 1, weightFloat}},
	{0x21, 0x21, instruction{immLane, 1, 1, weightFloat}}, // f64x2
	{0x22, 0x22, instruction{immLane, 2, 1, weightFloat}},
	{0x23, 0x4c, instruction{immNone, 2, 1, weightRound}},       // comparisons
	{0x4d, 0x4d, instruction{immNone, 1, 1, weightFloat}},       // not
	{0x4e, 0x51, instruction{immNone, 2, 1, weightFloat}},       // and, andnot, or, xor
	{0x52, 0x52, instruction{immNone, 3, 1, weightRound}},       // bitselect
	{0x53, 0x53, instruction{immNone, 1, 1, weightFloat}},       // any_true
	{0x54, 0x57, instruction{immMemArgLane, 2, 1, weightRound}}, // load lane
	{0x58, 0x5b, instruction{immMemArgLane, 2, 0, weightRound}}, // store lane
	{0x5c, 0x5d, instruction{immMemArg, 1, 1, weightAccess}},    // load zero
	{0x5e, 0x64, instruction{immNone, 1, 1, weightRound}},       // demote, promote; i8x16.abs to bitmask
	{0x65, 0x66, instruction{immNone, 2, 1, weightRound}},       // i8x16.narrow
	{0x67, 0x6a, instruction{immNone, 1, 1, weightRound}},       // f32x4.ceil to nearest
	{0x6b, 0x73, instruction{immNone, 2, 1, weightRound}},       // i8x16 shifts, add, sub
	{0x74, 0x75, instruction{immNone, 1, 1, weightRound}},       // f64x2.ceil, floor
	{0x76, 0x79, instruction{immNone, 2, 1, weightFloat}},       // i8x16.min, max
	{0x7a, 0x7a, instruction{immNone, 1, 1, weightRound}},       // f64x2.trunc
	{0x7b, 0x7b, instruction{immNone, 2, 1, weightFloat}},       // i8x16.avgr_u
	{0x7c, 0x81, instruction{immNone, 1, 1, weightRound}},       // extadd, i16x8.abs, neg
	{0x82, 0x82, instruction{immNone, 2, 1, weightRound}},       // q15mulr_sat_s
	{0x83, 0x84, instruction{immNone, 1, 1, weightRound}},       // i16x8.all_true, bitmask
	{0x85, 0x86, instruction{immNone, 2, 1, weightRound}},       // i16x8.narrow
	{0x87, 0x8a, instruction{immNone, 1, 1, weightRound}},       // i16x8.extend
	{0x8b, 0x93, instruction{immNone, 2, 1, weightRound}},       // i16x8 shifts, add, sub
	{0x94, 0x94, instruction{immNone, 1, 1, weightRound}},       // f64x2.nearest
	{0x95, 0x99, instruction{immNone, 2, 1, weightFloat}},       // i16x8.mul, min, max
	{0x9b, 0x9f, instruction{immNone, 2, 1, weightRound}},       // i16x8.avgr_u, extmul
	{0xa0, 0xa1, instruction{immNone, 1, 1, weightRound}},       // i32x4.abs, neg
	{0xa3, 0xa4, instruction{immNone, 1, 1, weightRound}},       // i32x4.all_true, bitmask
	{0xa7, 0xaa, instruction{immNone, 1, 1, weightRound}},       // i32x4.extend
	{0xab, 0xae, instruction{immNone, 2, 1, weightRound}},       // i32x4 shifts, add
	{0xb1, 0xb1, instruction{immNone, 2, 1, weightFloat}},       // i32x4.sub
	{0xb5, 0xb9, instruction{immNone, 2, 1, weightRound}},       // i32x4.mul, min, max
	{0xba, 0xba, instruction{immNone, 2, 1, weightRound}},       // i32x4.dot_i16x8_s
	{0xbc, 0xbf, instruction{immNone, 2, 1, weightRound}},       // i32x4.extmul
	{0xc0, 0xc1, instruction{immNone, 1, 1, weightRound}},       // i64x2.abs, neg
	{0xc3, 0xc4, instruction{immNone, 1, 1, weightRound}},       // i64x2.all_true, bitmask
	{0xc7, 0xca, instruction{immNone, 1, 1, weightRound}},       // i64x2.extend
	{0xcb, 0xce, instruction{immNone, 2, 1, weightRound}},       // i64x2 shifts, add
	{0xd1, 0xd1, instruction{immNone, 2, 1, weightFloat}},       // i64x2.sub
	{0xd5, 0xd5, instruction{immNone, 2, 1, weightDivide}},      // i64x2.mul
	{0xd6, 0xdf, instruction{immNone, 2, 1, weightRound}},       // i64x2 comparisons, extmul
	{0xe0, 0xe1, instruction{immNone, 1, 1, weightFloat}},       // f32x4.abs, neg
	{0xe3, 0xe3, instruction{immNone, 1, 1, weightDivide}},      // f32x4.sqrt
	{0xe4, 0xe6, instruction{immNone, 2, 1, weightFloat}},       // f32x4.add, sub, mul
	{0xe7, 0xe7, instruction{immNone, 2, 1, weightDivide}},      // f32x4.div
	{0xe8, 0xeb, instruction{immNone, 2, 1, weightRound}},       // f32x4.min to pmax
	{0xec, 0xed, instruction{immNone, 1, 1, weightFloat}},       // f64x2.abs, neg
	{0xef, 0xef, instruction{immNone, 1, 1, weightDivide}},      // f64x2.sqrt
	{0xf0, 0xf2, instruction{immNone, 2, 1, weightFloat}},       // f64x2.add, sub, mul
	{0xf3, 0xf3, instruction{immNone, 2, 1, weightDivide}},      // f64x2.div
	{0xf4, 0xf7, instruction{immNone, 2, 1, weightRound}},       // f64x2.min to pmax
	{0xf8, 0xff, instruction{immNone, 1, 1, weightRound}},       // conversions
}
