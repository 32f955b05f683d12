package workbench

import (
	"strings"

	"eventrelay/sdk/js"
)

// jsLanguage is JavaScript, which relay runs as it is: there is nothing to build, and its SDK is a file of types.
var jsLanguage = &Language{
	Name: "js", Title: "JavaScript", aliases: []string{"javascript", "mjs", "node"},
	reserved:  []string{"relay"},
	recognise: jsName,
	sdk:       func() ([]sourceFile, error) { return sourceFiles("", js.Files) },
}

// jsName is the name of the one script.
func jsName(dir string) string {
	if script := only(dir, "*.js", ".config.js"); script != "" {
		return safeName(strings.TrimSuffix(script, ".js"), dir)
	}
	return ""
}
