package jsonscan

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestField(t *testing.T) {
	tests := []struct{ text, name, want string }{
		{`{"level":"debug","n":1}`, "level", `"debug"`},
		{" { \"n\" : 1 , \"level\" :\n\"debug\" } ", "level", `"debug"`},
		{`{"a":{"level":1},"level":[2, {}]}`, "level", `[2, {}]`},
		{`{"lev\u0065l":null}`, "level", "null"},
		{`{"level":1,"level":2}`, "level", "1"},
		{`{"":0}`, "", "0"},
		{`{}`, "level", ""},
		{`{"levels":1}`, "level", ""},
		{`["level",1]`, "level", ""},
		{`"level"`, "level", ""},
		{`{"a":1`, "level", ""},
		{`{"level":`, "level", ""},
		{`{"level":{"a"`, "level", ""},
		{`no JSON`, "level", ""},
		{``, "level", ""},
	}
	for _, tt := range tests {
		got := Field([]byte(tt.text), tt.name)
		assert.Equal(t, tt.want, string(got), tt.text)
		assert.Equal(t, tt.want == "", got == nil, tt.text)
	}
}

func TestSays(t *testing.T) {
	assert.True(t, Says([]byte(`"debug"`), "debug"))
	assert.True(t, Says([]byte(`"d\u0065bug"`), "debug"))
	assert.True(t, Says([]byte(`""`), ""))
	for _, other := range []string{`"info"`, `1`, `debug`, `{}`, `""`, ``} {
		assert.False(t, Says([]byte(other), "debug"), other)
	}
	assert.False(t, Says(nil, ""))
}

func TestField_DoesNotAllocate(t *testing.T) {
	text := []byte(`{"msg":"x = \"3\"","list":[1,2,{"a":{}}],"level":"debug"}`)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if !Says(Field(text, "level"), "debug") {
			t.Fatal("not found")
		}
	}))
}
