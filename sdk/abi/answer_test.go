package abi

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnswer_Split(t *testing.T) {
	tests := []struct {
		name   string
		answer Answer
		kind   AnswerKind
		ptr, n uint32
	}{
		{"pass", 0, AnswerPass, 0, 0},
		{"drop", 1, AnswerDrop, 0, 0},
		{"an answer to come", 2, AnswerBad, 0, 0},
		{"error", Error, AnswerError, 0, 0},
		{"lowest error", -1 << 63, AnswerError, 0, 0},
		{"payload", 0x0000_1000_0000_0005, AnswerPayload, 0x1000, 5},
		{"record", 0x0000_1000_8000_0020, AnswerRecord, 0x1000, 0x20},
		{"empty payload", 8 << 32, AnswerPayload, 8, 0},
		{"pointer too low", 7<<32 | 1, AnswerBad, 0, 0},
		{"record at null", 1<<31 | 32, AnswerBad, 0, 0},
		{"up to 2 GiB", 0x7fff_fffe_0000_0002, AnswerPayload, 0x7fff_fffe, 2},
		{"beyond 2 GiB", 0x7fff_fffe_0000_0003, AnswerBad, 0, 0},
		{"longest", 0x7fff_ffff_ffff_ffff, AnswerBad, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, ptr, n := tt.answer.Split()
			assert.Equal(t, tt.kind, kind, kind.String())
			assert.Equal(t, tt.ptr, ptr)
			assert.Equal(t, tt.n, n)
		})
	}
}

func TestAnswer_Make(t *testing.T) {
	assert.Equal(t, Answer(0x0000_1000_0000_0005), PayloadAnswer(0x1000, 5))
	assert.Equal(t, Answer(0x0000_1000_8000_0020), RecordAnswer(0x1000, 0x20))
}
