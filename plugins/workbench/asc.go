package workbench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"eventrelay/sdk/assemblyscript"
)

// ascLanguage is AssemblyScript, by asc: that of the project, on PATH, or the one that npx fetches.
var ascLanguage = &Language{
	Name: "assemblyscript", Title: "AssemblyScript", aliases: []string{"as", "asc", "ts", "typescript"},
	reserved:  []string{"relay", "node_modules", "assembly"},
	recognise: ascName,
	sources:   []string{"*.ts", "asconfig.json", "package.json"},
	command:   ascCommand,
	handler:   `register one by onEvent(…), and have the entry file say: export * from "../relay/exports"`,
	sdk:       func() ([]sourceFile, error) { return sourceFiles("relay", assemblyscript.Files) },
}

const ascVersion = "0.28.20"

// ascName is the name of the package, or that of the folder.
func ascName(dir string) string {
	if !isFile(dir, "asconfig.json") && only(dir, "*.ts", ".d.ts") == "" {
		return ""
	}
	config, _ := os.ReadFile(filepath.Join(dir, "asconfig.json")) // it may not be there
	if out := quoted(string(config), `"outFile"`); strings.HasSuffix(out, ".wasm") {
		return safeName(strings.TrimSuffix(filepath.Base(out), ".wasm"), dir)
	}
	text, _ := os.ReadFile(filepath.Join(dir, "package.json")) // it may not be there
	if name := quoted(string(text), `"name"`); name != "" {
		return safeName(name, dir)
	}
	return folderName(dir)
}

var installAsc = install{
	"": "install Node (https://nodejs.org), and in the project's folder `npm install`",
}

func ascCommand(ctx context.Context, p *Project, out string) (*Step, error) {
	tool, err := findAsc(p.Dir)
	if err != nil {
		return nil, err
	}
	entry := "assembly/index.ts"
	if !isFile(p.Dir, entry) {
		if entry = only(p.Dir, "*.ts", ".d.ts"); entry == "" {
			entry = "index.ts"
		}
	}
	args := append(slices.Clone(tool[1:]), entry, "--outFile", out)
	if isFile(p.Dir, "asconfig.json") {
		args = append(args, "--target", "release")
	}
	cmd := exec.CommandContext(ctx, tool[0], args...)
	cmd.Dir = p.Dir
	name := "asc"
	if v := versionNumber.FindString(output(ctx, tool[0], append(slices.Clone(tool[1:]), "--version")...)); v != "" {
		name += " " + v
	}
	return &Step{Tool: name, cmds: []*exec.Cmd{cmd}}, nil
}

var versionNumber = regexp.MustCompile(`\d+\.\d+\.\d+`)

// findAsc returns the program and its first arguments.
func findAsc(dir string) ([]string, error) {
	own := filepath.Join("node_modules", ".bin", "asc")
	if runtime.GOOS == "windows" {
		own += ".cmd"
	}
	if isFile(dir, own) {
		abs, err := filepath.Abs(filepath.Join(dir, own))
		return []string{abs}, err
	}
	if path := lookPath("asc"); path != "" {
		return []string{path}, nil
	}
	if path := lookPath("npx"); path != "" {
		return []string{path, "--yes", "--package=assemblyscript@" + ascVersion, "asc"}, nil
	}
	return nil, &MissingError{What: "asc, the compiler of AssemblyScript", How: installAsc.here()}
}
