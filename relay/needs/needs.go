// Package needs is for tests that take more than Go: a compiler of another language, or a file that is fetched.
package needs

import (
	"os"
	"testing"
)

// Missing skips a test for what is not there, and says how to come by it. Where all is to be there, as in CI, it fails the
// test instead: RELAY_TEST_TOOLCHAINS=require.
func Missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("RELAY_TEST_TOOLCHAINS") == "require" {
		t.Fatal("RELAY_TEST_TOOLCHAINS=require, but " + why)
	}
	t.Skip(why)
}
