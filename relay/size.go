package relay

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. Its text form has a unit, B, KiB, MiB or GiB: "16MiB".
type Size int64

const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

// ErrSize is returned when a text is no size.
var ErrSize = errors.New("not a size")

var sizeUnits = []struct {
	suffix string
	unit   Size
}{{"KiB", KiB}, {"MiB", MiB}, {"GiB", GiB}, {"B", 1}}

// UnmarshalText reads "64KiB", "16MiB", "1GiB" or "512B". A bare number other than 0 is refused, since its unit would be a guess.
func (s *Size) UnmarshalText(text []byte) error {
	t := string(text)
	if t == "0" {
		*s = 0
		return nil
	}
	for _, u := range sizeUnits {
		num, ok := strings.CutSuffix(t, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(num), 10, 63)
		if err != nil || n > uint64(math.MaxInt64/int64(u.unit)) {
			return fmt.Errorf("%w: %.32q; write a whole number and a unit, such as 16MiB", ErrSize, t)
		}
		*s = Size(n) * u.unit
		return nil
	}
	return fmt.Errorf("%w: %.32q has no unit; write it with B, KiB, MiB or GiB, such as 16MiB", ErrSize, t)
}

// MarshalText writes the largest unit that divides s.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s Size) String() string {
	switch {
	case s == 0:
		return "0"
	case s%GiB == 0:
		return fmt.Sprintf("%dGiB", s/GiB)
	case s%MiB == 0:
		return fmt.Sprintf("%dMiB", s/MiB)
	case s%KiB == 0:
		return fmt.Sprintf("%dKiB", s/KiB)
	}
	return fmt.Sprintf("%dB", int64(s))
}
