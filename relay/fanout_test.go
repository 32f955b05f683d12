package relay

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestForm(t *testing.T) {
	for f, want := range map[Form]struct {
		deflated, inflated Form
		is                 bool
	}{
		Plain:            {PlainDeflated, Plain, false},
		Envelope:         {EnvelopeDeflated, Envelope, false},
		PlainDeflated:    {PlainDeflated, Plain, true},
		EnvelopeDeflated: {EnvelopeDeflated, Envelope, true},
	} {
		assert.Equal(t, want.deflated, f.Deflated())
		assert.Equal(t, want.inflated, f.Inflated())
		assert.Equal(t, want.is, f.IsDeflated())
	}
}

func TestCompression_Validate(t *testing.T) {
	assert.NoError(t, Compression{}.Validate())
	assert.NoError(t, DefaultCompression().Validate())
	err := Compression{Level: 10, MinSize: -1}.Validate()
	assert.ErrorContains(t, err, "compression.level: 10")
	assert.ErrorContains(t, err, "compression.min_size: ")
}
