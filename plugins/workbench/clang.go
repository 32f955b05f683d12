package workbench

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"eventrelay/sdk/c"
)

// cLanguage is C, by a clang with the target wasm32 and its linker.
var cLanguage = &Language{
	Name: "c", Title: "C", aliases: []string{"clang"},
	reserved:  []string{"relay"},
	recognise: cName,
	sources:   []string{"*.c", "*.h"},
	command:   clangCommand,
	handler:   `include relay.h and define one: RELAY_ON_EVENT(e) { … }`,
	sdk:       func() ([]sourceFile, error) { return sourceFiles("relay", c.Files) },
}

// cName is the name of the one source file, or of the folder if there are several.
func cName(dir string) string {
	found, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*.c"))
	switch len(found) {
	case 0:
		return ""
	case 1:
		return safeName(strings.TrimSuffix(filepath.Base(found[0]), ".c"), dir)
	}
	return folderName(dir)
}

var installClang = install{
	"debian":  "`apt install clang lld`",
	"fedora":  "`dnf install clang lld`",
	"alpine":  "`apk add clang lld`",
	"arch":    "`pacman -S clang lld`",
	"suse":    "`zypper install clang lld`",
	"darwin":  "`brew install llvm lld` (Apple's own clang builds no WebAssembly)",
	"windows": "`winget install LLVM.LLVM`",
	"":        "install clang 14 or later with lld: https://releases.llvm.org",
}

const (
	newestClang = 26 // of those that are looked for by number
	oldestClang = 14
)

func clangCommand(ctx context.Context, p *Project, out string) (*Step, error) {
	tool, linker, err := findClang(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"--target=wasm32", "-mbulk-memory", "-std=c11", "-O2", "-Wall", "-Wextra", "-nostdlib", "-Wl,--no-entry,--strip-debug"}
	if linker != "" {
		args = append(args, "-fuse-ld="+linker)
	}
	sources, err := filepath.Glob(filepath.Join(escapeGlob(p.Dir), "*.c"))
	if err != nil {
		return nil, err
	}
	args = append(args, "-o", out)
	for _, s := range sources {
		args = append(args, "./"+filepath.Base(s))
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Dir = p.Dir
	return &Step{Tool: clangVersion(ctx, tool), cmds: []*exec.Cmd{cmd}}, nil
}

// findClang returns the first clang that builds WebAssembly, and the linker if clang has to be told.
func findClang(ctx context.Context) (tool, linker string, err error) {
	names := []string{"clang"}
	for n := newestClang; n >= oldestClang; n-- {
		names = append(names, "clang-"+strconv.Itoa(n))
	}
	seen := ""
	for _, name := range names {
		tool := lookPath(name, llvmFolders...)
		if tool == "" {
			continue
		}
		if !strings.Contains(output(ctx, tool, "--print-targets"), "wasm32") {
			seen = tool + " has no target wasm32"
			continue
		}
		linker, ok := clangLinker(ctx, tool)
		if ok {
			return tool, linker, nil
		}
		seen = tool + " has no wasm-ld, which comes with lld"
	}
	return "", "", &MissingError{What: "clang that builds WebAssembly", Seen: seen, How: installClang.here()}
}

// clangLinker reports whether there is a linker for a clang. Its path is "" if clang finds it by itself.
func clangLinker(ctx context.Context, tool string) (path string, ok bool) {
	if own := output(ctx, tool, "--target=wasm32", "-print-prog-name=wasm-ld"); filepath.IsAbs(own) {
		return "", true
	}
	if version := majorVersion.FindStringSubmatch(output(ctx, tool, "--version")); version != nil {
		if path := lookPath("wasm-ld-"+version[1], llvmFolders...); path != "" {
			return path, true
		}
	}
	path = lookPath("wasm-ld", llvmFolders...)
	return path, path != ""
}

var majorVersion = regexp.MustCompile(`version (\d+)\.`)

func clangVersion(ctx context.Context, tool string) string {
	if version := majorVersion.FindStringSubmatch(output(ctx, tool, "--version")); version != nil {
		return fmt.Sprintf("clang %s", version[1])
	}
	return "clang"
}
