package shipped_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"eventrelay/plugins"
	"eventrelay/relay"
)

// randomText is a JSON string: one of few texts, in one of its spellings.
func randomText(r *rand.Rand) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []string{"a", "a", "a", "b", "b", "a.b", "ü", "😀", "", `a"b`}[r.IntN(10)] {
		switch {
		case r.IntN(4) > 0 && c != '"':
			b.WriteRune(c)
		case c > 0xffff:
			b.WriteString(`\ud83d\ude00`)
		default:
			fmt.Fprintf(&b, []string{`\u%04x`, `\u%04X`}[r.IntN(2)], c)
		}
	}
	return b.String() + `"`
}

func randomSpace(r *rand.Rand) string { return []string{"", "", "", " ", "\n\t"}[r.IntN(5)] }

// randomJSON is a value whose objects have every name once.
func randomJSON(r *rand.Rand, depth int) string {
	kind := r.IntN(10)
	if depth == 0 {
		kind %= 5
	}
	var parts []string
	switch kind {
	case 0:
		return []string{"true", "false", "null"}[r.IntN(3)]
	case 1, 2:
		return randomNumber(r)
	case 3, 4:
		return randomText(r)
	case 5, 6:
		for range r.IntN(4) {
			parts = append(parts, randomSpace(r)+randomJSON(r, depth-1)+randomSpace(r))
		}
		return "[" + strings.Join(parts, ",") + randomSpace(r) + "]"
	}
	names := map[any]bool{}
	for range r.IntN(6) {
		name := randomText(r)
		var says any
		if json.Unmarshal([]byte(name), &says) != nil || names[says] {
			continue
		}
		names[says] = true
		parts = append(parts, randomSpace(r)+name+randomSpace(r)+":"+randomSpace(r)+randomJSON(r, depth-1))
	}
	return "{" + strings.Join(parts, ",") + randomSpace(r) + "}"
}

// randomEvent is a JSON event, more often an object or array than not.
func randomEvent(r *rand.Rand, depth int) string {
	text := randomJSON(r, depth)
	for tries := 0; len(text) < 12 && tries < 3; tries++ {
		text = randomJSON(r, depth)
	}
	return text
}

// randomSchema is a schema of the subset that validate takes, as a tree.
func randomSchema(r *rand.Rand, depth int) map[string]any {
	s := map[string]any{}
	some := func(most int) bool { return r.IntN(most) == 0 }
	scalar := func() any {
		if some(2) {
			return json.Number(randomNumber(r))
		}
		return []any{"a", "ü", true, nil}[r.IntN(4)]
	}
	if some(2) {
		s["type"] = []any{"object", "array", "string", "boolean", "null", "number", "integer", []any{"integer", "object"}, []any{"array", "null", "string"}}[r.IntN(9)]
	}
	switch r.IntN(8) {
	case 0:
		s["enum"] = []any{scalar(), scalar(), scalar()}
	case 1:
		s["const"] = scalar()
	}
	for _, key := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
		if some(4) {
			s[key] = json.Number(randomNumber(r))
		}
	}
	for _, key := range []string{"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"} {
		if some(6) {
			s[key] = r.IntN(3)
		}
	}
	if some(2) {
		s["required"] = []any{"a", []any{"b", "ü", "a.b"}[r.IntN(3)]}
	}
	if some(3) {
		s["additionalProperties"] = some(3)
	}
	if depth == 0 {
		return s
	}
	if some(2) {
		s["properties"] = map[string]any{"a": randomSchema(r, depth-1), "😀": randomSchema(r, depth-1), "b": true}
	}
	if some(2) {
		s["items"] = randomSchema(r, depth-1)
	}
	return s
}

func rat(v any) *big.Rat {
	n, ok := new(big.Rat).SetString(fmt.Sprint(v))
	if !ok {
		panic(fmt.Sprint("no number: ", v))
	}
	return n
}

// types are the names of a value's type.
func types(v any) []string {
	switch v := v.(type) {
	case nil:
		return []string{"null"}
	case bool:
		return []string{"boolean"}
	case string:
		return []string{"string"}
	case []any:
		return []string{"array"}
	case map[string]any:
		return []string{"object"}
	default:
		if rat(v).IsInt() {
			return []string{"number", "integer"}
		}
		return []string{"number"}
	}
}

func alike(a, b any) bool {
	_, x := a.(json.Number)
	_, y := b.(json.Number)
	if x && y {
		return rat(a).Cmp(rat(b)) == 0
	}
	if slices.Contains(types(a), "object") || slices.Contains(types(a), "array") {
		return false // enum and const have none
	}
	return a == b
}

// valid is what JSON Schema says of a value.
func valid(schema, v any) bool {
	if schema == true {
		return true
	}
	s := schema.(map[string]any)
	list := func(key string) []any {
		if all, ok := s[key].([]any); ok {
			return all
		}
		return []any{s[key]}
	}
	if _, ok := s["type"]; ok && !slices.ContainsFunc(list("type"), func(t any) bool { return slices.Contains(types(v), t.(string)) }) {
		return false
	}
	for _, key := range []string{"enum", "const"} {
		if _, ok := s[key]; ok && !slices.ContainsFunc(list(key), func(x any) bool { return alike(v, x) }) {
			return false
		}
	}
	within := func(n int, least, most string) bool {
		low, hasLow := s[least].(int)
		high, hasHigh := s[most].(int)
		return (!hasLow || n >= low) && (!hasHigh || n <= high)
	}
	switch v := v.(type) {
	case string:
		return within(utf8.RuneCountInString(v), "minLength", "maxLength")
	case json.Number:
		for key, ok := range map[string]func(order int) bool{
			"minimum": func(o int) bool { return o >= 0 }, "maximum": func(o int) bool { return o <= 0 },
			"exclusiveMinimum": func(o int) bool { return o > 0 }, "exclusiveMaximum": func(o int) bool { return o < 0 },
		} {
			if bound, has := s[key]; has && !ok(rat(v).Cmp(rat(bound))) {
				return false
			}
		}
	case []any:
		for _, x := range v {
			if items, ok := s["items"]; ok && !valid(items, x) {
				return false
			}
		}
		return within(len(v), "minItems", "maxItems")
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for name, x := range v {
			schema, known := properties[name]
			if known && !valid(schema, x) || !known && s["additionalProperties"] == false {
				return false
			}
		}
		if _, ok := s["required"]; ok && slices.ContainsFunc(list("required"), func(name any) bool { _, has := v[name.(string)]; return !has }) {
			return false
		}
		return within(len(v), "minProperties", "maxProperties")
	}
	return true
}

// validate says what JSON Schema says.
func TestValidate_AsJSONSchema(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d := desk(t, "validate", plugins.Limits{})
	passed, all := 0, 0
	for range 150 {
		schema := randomSchema(r, 2)
		require.NoError(t, d.Start(t.Context(), map[string]any{"schema": schema}, nil), "%v", schema)
		for range 60 {
			payload := randomEvent(r, 3)
			got := d.Try(eventOf(relay.KindJSON, payload))
			want := valid(schema, decoded(t, payload))
			if want != (got.Verdict == "pass") {
				text, _ := json.Marshal(schema)
				require.Fail(t, "not as JSON Schema", "valid: %t, and it says %s %s\nschema %s\nevent %s", want, got.Verdict, got.Reason, text, payload)
			}
			all++
			if want {
				passed++
			}
		}
	}
	require.Greater(t, passed, all/10, "too few are valid for this to be a test")
	require.Less(t, passed, all*9/10, "too many are valid for this to be a test")
}

// at returns what lies at a path.
func at(v any, path []string) (found []any) {
	if len(path) == 0 {
		return []any{v}
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			found = append(found, at(x, path)...)
		}
	case map[string]any:
		if x, ok := v[path[0]]; ok {
			found = at(x, path[1:])
		}
	}
	return found
}

var paths = map[string][]string{"a": {"a"}, "a.b": {"a", "b"}, `a\.b`: {"a.b"}, "b.a.ü": {"b", "a", "ü"}, "😀": {"😀"}, `a"b.a`: {`a"b`, "a"}}

// match and split find what decoding finds.
func TestPaths_AsDecoded(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	match, split := desk(t, "match", plugins.Limits{}), desk(t, "split", plugins.Limits{})
	hits := 0
	for text, path := range paths {
		want := []any{"ü", json.Number(randomNumber(r)), nil, true}
		require.NoError(t, match.Start(t.Context(), map[string]any{"field": text, "in": want}, nil))
		require.NoError(t, split.Start(t.Context(), map[string]any{"field": text}, nil))
		for range 1500 {
			payload := randomEvent(r, 5)
			fits, elements, arrays := false, []any{}, 0
			for _, v := range at(decoded(t, payload), path) {
				list, ok := v.([]any)
				if ok {
					arrays++
					elements = append(elements, list...)
				} else {
					list = []any{v}
				}
				fits = fits || slices.ContainsFunc(list, func(v any) bool { return slices.ContainsFunc(want, func(w any) bool { return alike(v, w) }) })
			}
			got := match.Try(eventOf(relay.KindJSON, payload))
			require.Equal(t, fits, got.Verdict == "pass", "match %s: %s", text, payload)
			got = split.Try(eventOf(relay.KindJSON, payload))
			require.Equal(t, arrays > 0, got.Verdict == "drop", "split %s: %s %s", text, payload, got.Error)
			made := []any{}
			for _, e := range got.Emitted {
				made = append(made, decoded(t, *e.Payload))
			}
			require.Equal(t, elements, made, "split %s: %s", text, payload)
			if fits || arrays > 0 {
				hits++
			}
		}
	}
	require.Greater(t, hits, 300, "too few paths lead anywhere for this to be a test")
}
