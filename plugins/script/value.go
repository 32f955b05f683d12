package script

import "math"

// value is a JSValue as QuickJS has it on 32 bits: a double, or a tag and 32 bits, in one word. What a tag below zero
// names is counted: whoever is given such a value must free it once.
type value uint64

// Tags, by quickjs.h of QuickJS-NG.
const (
	tagString      = -7
	tagRope        = -6
	tagModule      = -3
	tagObject      = -1
	tagInt         = 0
	tagBool        = 1
	tagNull        = 2
	tagUndefined   = 3
	tagException   = 6
	tagFirst       = -9
	tagFloat       = 8
	floatTagAddend = 0x7ff80000 - tagFirst + 1
)

const (
	undefined = value(tagUndefined << 32)
	null      = value(tagNull << 32)
	exception = value(tagException << 32)
)

func integer(n int32) value { return value(uint32(n)) }

func boolean(b bool) value {
	if b {
		return tagBool<<32 | 1
	}
	return tagBool << 32
}

// number makes a double; NaN has one form only, as others would be tags.
func number(f float64) value {
	bits := math.Float64bits(f)
	if f != f {
		bits = 0x7ff8000000000000
	}
	return value(bits - floatTagAddend<<32)
}

// tag returns tagFloat for any double.
func (v value) tag() int32 {
	tag := int32(v >> 32)
	if uint32(tag-tagFirst) >= tagFloat-tagFirst {
		return tagFloat
	}
	return tag
}

func (v value) low() uint32 { return uint32(v) }

func (v value) counted() bool { t := v.tag(); return t < 0 }

// float returns a number's value; false for what is none.
func (v value) float() (float64, bool) {
	switch v.tag() {
	case tagInt:
		return float64(int32(v)), true
	case tagFloat:
		return math.Float64frombits(uint64(v) + floatTagAddend<<32), true
	}
	return 0, false
}
