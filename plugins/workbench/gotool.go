package workbench

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// goLanguage is stock Go, which needs no other tool.
var goLanguage = &Language{
	Name: "go", Title: "Go", aliases: []string{"golang"},
	reserved:  []string{"main", "eventrelay", "vendor", "internal"},
	recognise: goName,
	sources:   []string{"*.go", "go.mod", "go.sum"},
	command:   goCommand,
	handler:   "register one in a func init(): sdk.OnEvent(decide)",
	sdk:       goSDK,
}

// goName is the last part of the module's path.
func goName(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if module, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return safeName(strings.Trim(strings.TrimSpace(module), `"`), dir)
		}
	}
	return folderName(dir)
}

var installGo = install{
	"debian":  "install Go 1.26 or later: https://go.dev/dl, or `apt install golang` where that is as new",
	"fedora":  "`dnf install golang` (1.26 or later)",
	"alpine":  "`apk add go` (1.26 or later)",
	"arch":    "`pacman -S go`",
	"darwin":  "`brew install go`",
	"windows": "`winget install GoLang.Go`",
	"":        "install Go 1.26 or later: https://go.dev/dl",
}

func goCommand(ctx context.Context, p *Project, out string) (*Step, error) {
	tool := lookPath("go", "/usr/local/go/bin", "/usr/lib/go/bin", "/opt/homebrew/bin")
	if tool == "" {
		return nil, &MissingError{What: "Go", How: installGo.here()}
	}
	// -w alone keeps the names of functions, 2 % of the module, without which nobody knows where a filter trapped or looped.
	cmd := exec.CommandContext(ctx, tool, "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-w", "-o", out, ".")
	cmd.Dir = p.Dir
	// The user's GOFLAGS and workspace are about other modules.
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	return &Step{Tool: cmp.Or(output(ctx, tool, "env", "GOVERSION"), "go"), cmds: []*exec.Cmd{cmd}}, nil
}
