package workbench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckName(t *testing.T) {
	tests := []struct{ name, want string }{
		{"redact", ""},
		{"my-filter_2", ""},
		{"", "the name is empty"},
		{"a b", `"a b" has ' ' in it`},
		{"päss", "has 'ä' in it"},
		{"a/b", "has '/' in it"},
		{"..", "is no name"},
		{"v1.2", "has a dot"},
		{"2fast", "does not begin with a letter"},
		{"-x", "does not begin with a letter"},
		{"con", "no name of a file on Windows"},
		{"main", "is a word of Go itself"},
		{string(make([]byte, 65)), "longer than 64 bytes"},
	}
	for _, tt := range tests {
		err := CheckName(tt.name, goLanguage)
		if tt.want == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, tt.want, tt.name)
	}
}

func TestParseLanguage(t *testing.T) {
	for _, l := range languages {
		got, err := ParseLanguage(l.Name)
		require.NoError(t, err)
		assert.Same(t, l, got)
	}
	got, err := ParseLanguage("Golang")
	require.NoError(t, err)
	assert.Same(t, goLanguage, got)
	_, err = ParseLanguage("cobol")
	assert.ErrorContains(t, err, `no language "cobol"; write one of go`)
	_, err = ParseLanguage("ghost")
	assert.Error(t, err)
}

func TestCreate_OverwritesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nodebug")
	require.NoError(t, os.Mkdir(dir, 0o755))
	keep := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(keep, []byte("mine"), 0o600))
	_, _, err := Create(dir, goLanguage)
	require.ErrorContains(t, err, "is there and not empty; nothing was written")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)

	require.NoError(t, os.Remove(keep))
	_, _, err = Create(dir, goLanguage)
	require.NoError(t, err, "an empty folder will do")
	_, _, err = Create(dir, goLanguage)
	assert.Error(t, err)
	_, _, err = Create(filepath.Join(dir, "README.md", "x"), goLanguage)
	assert.Error(t, err)
}

func TestCreate_NamesItsFilterAlike(t *testing.T) {
	for _, l := range languages {
		t.Run(l.Name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "sub", "my-filter")
			p, written, err := Create(dir, l)
			require.NoError(t, err)
			assert.Equal(t, l, p.Lang, "it is recognised as what it is")
			assert.Equal(t, "my-filter", p.Name)
			assert.Greater(t, len(written), 5)
			for _, f := range []string{"README.md", "relay.yaml", ".gitignore", "cases/level.json", "cases/slip.json"} {
				assert.Contains(t, written, f)
			}
			for _, f := range written {
				text, err := os.ReadFile(filepath.Join(dir, f))
				require.NoError(t, err)
				assert.False(t, strings.Contains(string(text), "{{."), f)
				assert.NotContains(t, f, "__")
			}
			cases, err := p.Cases()
			require.NoError(t, err)
			assert.Len(t, cases, 2)
			for _, c := range cases {
				_, err := ReadCase(c)
				require.NoError(t, err)
			}
		})
	}
}

func TestBuild_FolderThatIsNone(t *testing.T) {
	err := writable(filepath.Join(t.TempDir(), "gone", "x.wasm"))
	var folder *FolderError
	require.ErrorAs(t, err, &folder)
	assert.ErrorContains(t, err, "nothing can be written to ")

	dir := t.TempDir()
	require.NoError(t, writable(filepath.Join(dir, "x.wasm")))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestFind_Nothing(t *testing.T) {
	_, err := Find(t.TempDir())
	require.ErrorIs(t, err, ErrNoProject)
	assert.ErrorContains(t, err, "relay plugin new NAME")
	_, err = Find("/nonexistent")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestOSRelease(t *testing.T) {
	assert.Equal(t, []string{"debian", "debian"}, osRelease("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n"))
	assert.Equal(t, []string{"fedora"}, osRelease("ID=\"fedora\"\n"))
	assert.Equal(t, []string{"rocky", "fedora", "fedora", "fedora"}, osRelease("ID=rocky\nID_LIKE=\"rhel centos fedora\"\n"))
	assert.Equal(t, []string{"debian"}, osRelease("ID=debian"))
	assert.Empty(t, osRelease(""))
	assert.Equal(t, "other", install{"": "other"}.here())
}
