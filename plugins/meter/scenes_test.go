package meter

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"eventrelay/sdk/abi"
)

// configOf is what a filter of the corpus is configured with; others get {}.
var configOf = map[string]string{
	"redact":    `{"fields":["card","ssn"]}`,
	"redactgo":  `{"fields":["card","ssn"]}`,
	"dropfield": `{"field":"level","value":"debug"}`,
	"split":     `{"topic":"items"}`,
}

// events are records to give to filters: what the samples look for, what the puppet obeys, bytes of all kinds and sizes,
// and what fuzzing found.
func events(t testing.TB, n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	seeds := fuzzed(t)
	var out [][]byte
	for i := range n {
		payload := payload(r, seeds, i)
		rec := abi.Record{Flags: abi.Flags(r.IntN(8)), Time: 1_700_000_000_000_000_000 + int64(i), Topic: []byte("orders.new"), Payload: payload}
		if r.IntN(3) == 0 {
			rec.Attributes = abi.AppendAttribute(rec.Attributes, "content_type", "application/json")
			rec.Attributes = abi.AppendAttribute(rec.Attributes, "k", fmt.Sprint(i))
		}
		out = append(out, abi.AppendRecord(nil, &rec))
	}
	return out
}

func payload(r *rand.Rand, seeds [][]byte, i int) []byte {
	switch i % 8 {
	case 0: // the puppet's words
		return append([]byte{"pdrnNPREDTFuzosilxcgLWwhktvB2"[i/8%29]}, words(r, r.IntN(60))...)
	case 1: // a part of mix.c, and for some of them two
		return append([]byte{byte(r.Uint32())}, noise(r, r.IntN(3000))...)
	case 2:
		return append([]byte{byte(r.IntN(8))}, document(r, 4)...)
	case 3:
		return []byte(document(r, 5))
	case 4:
		damaged := []byte(document(r, 4))
		damaged[r.IntN(len(damaged))] = byte(r.Uint32())
		return damaged
	case 5:
		return words(r, r.IntN(500))
	case 6:
		return seeds[r.IntN(len(seeds))]
	}
	if i%64 == 7 {
		return append([]byte{byte(r.IntN(8))}, noise(r, 66_000+r.IntN(9_000))...) // more than the first buffer takes
	}
	return noise(r, r.IntN(300))
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func words(r *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		b = append(b, []string{"relay ", "événement ", "日本", "🙂", "\x00", "\n", "card", `\u00e9`, "4111"}[r.IntN(9)]...)
	}
	return b
}

// document is a JSON value with the fields that the samples look for.
func document(r *rand.Rand, depth int) string {
	kind := r.IntN(7)
	if depth > 3 {
		kind = 5 + r.IntN(2)
	}
	switch kind {
	case 0:
		return []string{"null", "true", "false"}[r.IntN(3)]
	case 1:
		return strconv.FormatFloat(r.NormFloat64()*1e6, 'g', -1, 64)
	case 2, 3:
		return `"` + strings.NewReplacer("\x00", "", "\n", `\n`).Replace(string(words(r, r.IntN(40)))) + `"`
	case 4:
		return strconv.Itoa(r.IntN(1 << 30))
	}
	var parts []string
	for range r.IntN(5) {
		if depth == 0 {
			break
		}
		part := document(r, depth-1)
		if kind == 6 {
			part = `"` + []string{"card", "ssn", "level", "x", "ca\\u0072d"}[r.IntN(5)] + `":` + part
		}
		parts = append(parts, part)
	}
	if kind == 6 {
		return "{" + strings.Join(append(parts, `"level":"debug"`), ",") + "}"
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// fuzzed are the inputs of other packages' fuzz targets that are JSON, or text.
func fuzzed(t testing.TB) (all [][]byte) {
	for _, dir := range []string{"sdk/jsonscan/testdata/fuzz/FuzzScanner", "relay/rawjson/testdata/fuzz/FuzzScanner", "testdata/plugins/redactgo/testdata/fuzz/FuzzRedact"} {
		paths, err := filepath.Glob(filepath.Join("../..", dir, "*"))
		require.NoError(t, err)
		require.NotEmpty(t, paths, dir)
		for _, path := range paths {
			all = append(all, seed(t, path))
		}
	}
	return all
}

// seed reads the first argument of a file of a fuzz corpus.
func seed(t testing.TB, path string) []byte {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	_, line, ok := strings.Cut(string(content), "\n")
	require.True(t, ok, path)
	line, _, _ = strings.Cut(line, "\n")
	quoted := strings.TrimSuffix(line[strings.IndexByte(line, '(')+1:], ")")
	value, err := strconv.Unquote(quoted)
	require.NoError(t, err, "%s: %s", path, line)
	return []byte(value)
}
