package script

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/sdk/js"
)

// TestPrelude_IsTyped keeps sdk/js/relay.d.ts to what scripts find.
func TestPrelude_IsTyped(t *testing.T) {
	types, err := js.Files.ReadFile("relay.d.ts")
	require.NoError(t, err)
	for _, found := range []struct{ in, is string }{
		{`publish\('(\w+)'`, `declare (?:const|function) %s\b`},
		{`\tget (\w+)\(\)`, `\t(?:readonly )?%s: `},
		{`\t(\w+): \(key`, `\t%s\(key: string`},
	} {
		names := regexp.MustCompile(found.in).FindAllStringSubmatch(prelude, -1)
		require.NotEmpty(t, names, found.in)
		for _, n := range names {
			if n[1] == "console" { // editors know it
				continue
			}
			assert.Regexp(t, regexp.MustCompile(regexp.MustCompile("%s").ReplaceAllString(found.is, n[1])), string(types), n[1])
		}
	}
}
