package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a key or token. Printing, logging or marshalling it shows only that it is one.
type Secret string

const hidden = "[secret]"

// Format covers every verb: fmt shows the bare string for those that a Stringer does not cover, such as %d.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

func (Secret) String() string               { return hidden }
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
func (Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
