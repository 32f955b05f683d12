package workbench

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecording(t *testing.T) {
	r := NewRecording("x.ndjson", strings.NewReader("\xef\xbb\xbf{\"topic\":\"a\",\"data\":1}\n\n  \r\nnonsense\n{\"topic\":\"b\",\"data\":2}"), nil)
	e, err := r.Next()
	require.NoError(t, err)
	assert.EqualValues(t, "a", e.Event.Topic)
	assert.Equal(t, epoch, e.Event.Time)
	_, err = r.Next()
	var bad *FileError
	require.ErrorAs(t, err, &bad)
	assert.EqualError(t, err, `x.ndjson:4:1: not JSON: "nonsense" where a value is expected`)
	assert.NotErrorIs(t, err, ErrRecording)
	e, err = r.Next()
	require.NoError(t, err, "it goes on behind a bad line")
	assert.EqualValues(t, "b", e.Event.Topic)
	assert.Equal(t, 5, r.Line())
	_, err = r.Next()
	assert.Equal(t, io.EOF, err)
}

func TestRecording_EndsWhereReadingFails(t *testing.T) {
	r := NewRecording("x", iotest.ErrReader(errors.New("disk on fire")), nil)
	_, err := r.Next()
	require.ErrorIs(t, err, ErrRecording)
	assert.ErrorContains(t, err, "disk on fire")
	long := io.MultiReader(strings.NewReader("{"), io.LimitReader(zeros{}, maxLine+1))
	_, err = NewRecording("x", long, nil).Next()
	require.ErrorIs(t, err, ErrRecording)
	assert.ErrorContains(t, err, "x:1: the line is longer than 64MiB")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
