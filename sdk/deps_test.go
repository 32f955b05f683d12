package sdk_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What filters link must stay small and be fit for TinyGo, whose reflection is not all of Go's.
func TestGuest_DependsOnLittle(t *testing.T) {
	for _, pkg := range []string{"eventrelay/sdk", "eventrelay/sdk/grant", "eventrelay/sdk/jsonscan"} {
		cmd := exec.Command("go", "list", "-deps", pkg)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		out, err := cmd.Output()
		require.NoError(t, err)
		deps := strings.Fields(string(out))
		assert.Contains(t, deps, "errors", "the list is one of packages")
		for _, heavy := range []string{"reflect", "fmt", "encoding/json", "encoding/base64", "os", "context", "log", "regexp", "sort", "net/http"} {
			assert.NotContains(t, deps, heavy, pkg)
		}
		if pkg != "eventrelay/sdk/grant" {
			assert.NotContains(t, deps, "time", "adds 250 KB; only package grant needs it")
		}
	}
}
