package workbench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNeedsCargo(t *testing.T) {
	tests := []struct {
		manifest string
		want     bool
	}{
		{"", false},
		{"[package]\nname = \"x\"\n\n[dependencies]\nrelay = { path = \"relay\" } # the SDK\n", false},
		{"[dependencies]\n# none\n\n[profile.release]\nlto = true\n", false},
		{"[dependencies]\nrelay = { path = \"relay\" }\nserde = \"1\"\n", true},
		{"[dependencies.serde]\nversion = \"1\"\n", true},
		{"[dependencies.relay]\npath = \"relay\"\n", false},
		{"[build-dependencies]\ncc = \"1\"\n", true},
		{"[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n", true},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, needsCargo(tt.manifest), tt.manifest)
	}
}

func TestQuoted(t *testing.T) {
	assert.Equal(t, "x", quoted("[package]\nname = \"x\"\n", "name"))
	assert.Equal(t, "y", quoted("{\n  \"name\": \"y\",\n}", `"name"`))
	assert.Empty(t, quoted("version = \"1\"\n", "name"))
	assert.Equal(t, "my-filter", safeName("my-filter", "/d/other"))
	assert.Equal(t, "x", safeName("@scope/x", "/d/other"), "of a package of npm, the last part")
	assert.Equal(t, "other", safeName("a b", "/d/other"))
	assert.Equal(t, "other", safeName("..", "/d/other"))
}
