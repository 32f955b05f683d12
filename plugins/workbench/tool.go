package workbench

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
)

// lookPath returns where a program is: in PATH, or else in one of the folders; or "".
func lookPath(name string, folders ...string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range folders {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return ""
}

// output returns what a program prints, without white space around it; "" if it fails.
func output(ctx context.Context, name string, args ...string) string {
	said, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(said))
}

// llvmFolders are where LLVM is beside PATH.
var llvmFolders = []string{"/opt/homebrew/opt/llvm/bin", "/usr/local/opt/llvm/bin", "/opt/homebrew/bin", `C:\Program Files\LLVM\bin`}
