package workbench

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDiff(t *testing.T) {
	tests := []struct{ name, want, got, diff string }{
		{"one line", "a\nb\nc\n", "a\nx\nc\n", " a|-b|+x| c"},
		{"added", "a\nc\n", "a\nb\nc\n", " a|+b| c"},
		{"missing", "a\nb\nc\n", "a\nc\n", " a|-b| c"},
		{"far apart", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n", "-1|+x| 2| 3| …| 7| 8|-9|+y"},
		{"in the middle", "{\na\nb\n}\n", "{\nb\nc\n}\n", " {|-a| b|+c| }"},
		{"all", "a\n", "b\n", "-a|+b"},
		{"from nothing", "", "b\n", "-|+b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines []string
			for _, l := range diff(tt.want, tt.got) {
				lines = append(lines, string(l.Op)+l.Text)
			}
			assert.Equal(t, tt.diff, strings.Join(lines, "|"))
		})
	}
}

// A comparison of two large texts stays within memory.
func TestDiff_Large(t *testing.T) {
	a, b := strings.Repeat("a\n", 3000), strings.Repeat("b\n", 3000)
	assert.Len(t, diff(a, b), 6000)
}

func FuzzDiff(f *testing.F) {
	f.Add("a\nb\n", "b\nc\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, l := range middle(strings.Split(a, "\n"), strings.Split(b, "\n")) {
			switch l.Op {
			case ' ':
				a, b = cut(t, a, l.Text), cut(t, b, l.Text)
			case '-':
				a = cut(t, a, l.Text)
			case '+':
				b = cut(t, b, l.Text)
			}
		}
		assert.Empty(t, a+b, "each line of both sides is there once, in order")
	})
}

func cut(t *testing.T, s, line string) string {
	rest, ok := strings.CutPrefix(s, line)
	if !ok {
		t.Fatalf("%q does not begin with %q", s, line)
	}
	return strings.TrimPrefix(rest, "\n")
}
