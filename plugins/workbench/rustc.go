package workbench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"eventrelay/sdk/rust"
)

// rustLanguage is Rust, by rustc with the target wasm32-unknown-unknown; by cargo if there are crates to fetch.
var rustLanguage = &Language{
	Name: "rust", Title: "Rust", aliases: []string{"rs"},
	reserved: []string{
		"relay", "core", "std", "alloc", "test", "build", "deps", "examples", "incremental", // crates, and what cargo makes
		"abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum",
		"extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
		"override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
		"unsafe", "unsized", "use", "virtual", "where", "while", "yield",
	},
	recognise: rustName,
	sources:   []string{"*.rs", "Cargo.toml", "Cargo.lock", "flags"},
	command:   rustCommand,
	handler:   "name one in src/lib.rs: relay::filter!(on_event: decide);",
	sdk:       func() ([]sourceFile, error) { return sourceFiles("relay", rust.Files) },
}

const wasmTarget = "wasm32-unknown-unknown"

// rustName is the name of the package.
func rustName(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "Cargo.toml"))
	switch {
	case err == nil:
		if name := quoted(string(text), "name"); name != "" {
			return safeName(name, dir)
		}
		return folderName(dir)
	case isFile(dir, "lib.rs"), isFile(dir, "src/lib.rs"):
		return folderName(dir)
	}
	return ""
}

var installRust = install{
	"debian":  "`rustup target add wasm32-unknown-unknown`, or on Debian 12 `apt install rustc libstd-rust-dev-wasm32 lld-14`",
	"fedora":  "`rustup target add wasm32-unknown-unknown`, or `dnf install rust rust-std-static-wasm32-unknown-unknown lld`",
	"arch":    "`pacman -S rust rust-wasm lld`, or `rustup target add wasm32-unknown-unknown`",
	"windows": "`winget install Rustlang.Rustup`, then `rustup target add wasm32-unknown-unknown`",
	"":        "install Rust by https://rustup.rs, then `rustup target add wasm32-unknown-unknown`",
}

func rustCommand(ctx context.Context, p *Project, out string) (*Step, error) {
	r, err := findRustc(ctx)
	if err != nil {
		return nil, err
	}
	manifest, _ := os.ReadFile(filepath.Join(p.Dir, "Cargo.toml")) // without one, there is nothing but the sources
	if !needsCargo(string(manifest)) && isFile(p.Dir, "relay/flags") {
		return r.direct(ctx, p, out)
	}
	return r.cargo(ctx, p)
}

// rustc is a compiler that has the library for WebAssembly.
type rustc struct {
	path, version string
	linker        string // "": its own
}

// direct builds the SDK and the filter by rustc alone.
func (r *rustc) direct(ctx context.Context, p *Project, out string) (*Step, error) {
	scratch := filepath.Join("target", "relay")
	if err := os.MkdirAll(filepath.Join(p.Dir, scratch), 0o755); err != nil {
		return nil, err
	}
	library, source := filepath.Join(scratch, "librelay.rlib"), filepath.Join("src", "lib.rs")
	if !isFile(p.Dir, source) {
		source = "lib.rs"
	}
	sdk := []string{"@relay/flags", "--crate-type=rlib", "--crate-name=relay", "relay/src/lib.rs", "-o", library}
	filter := []string{"@relay/flags", "--crate-type=cdylib", "--crate-name=" + crateName(p.Name), "--extern=relay=" + library, source, "-o", out}
	if r.linker != "" {
		filter = append(filter, "-Clinker="+r.linker)
	}
	s := &Step{Tool: r.version}
	for _, args := range [][]string{sdk, filter} {
		cmd := exec.CommandContext(ctx, r.path, args...)
		cmd.Dir = p.Dir
		s.cmds = append(s.cmds, cmd)
	}
	return s, nil
}

// cargo builds by cargo, which fetches what the filter depends on.
func (r *rustc) cargo(ctx context.Context, p *Project) (*Step, error) {
	tool := lookPath("cargo", filepath.Dir(r.path))
	if tool == "" {
		return nil, &MissingError{What: "cargo, which the dependencies in Cargo.toml take", How: installRust.here()}
	}
	cmd := exec.CommandContext(ctx, tool, "build", "--release", "--quiet", "--target", wasmTarget, "--target-dir", "target")
	cmd.Dir = p.Dir
	cmd.Env = append(os.Environ(), "RUSTC="+r.path)
	if r.linker != "" {
		cmd.Env = append(cmd.Env, "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="+r.linker)
	}
	made := filepath.Join(p.Dir, "target", wasmTarget, "release", crateName(p.Name)+".wasm")
	return &Step{Tool: "cargo with " + r.version, cmds: []*exec.Cmd{cmd}, made: made}, nil
}

func crateName(name string) string { return strings.ReplaceAll(name, "-", "_") }

// needsCargo reports whether a manifest names dependencies besides the SDK.
func needsCargo(manifest string) bool {
	section := ""
	for line := range strings.Lines(manifest) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[] ")
			if strings.Contains(section, "dependencies.") && !strings.HasSuffix(section, ".relay") || strings.HasPrefix(section, "target.") {
				return true
			}
			continue
		}
		key, _, _ := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); strings.HasSuffix(section, "dependencies") && key != "" && key != "relay" && !strings.HasPrefix(key, "#") {
			return true
		}
	}
	return false
}

// findRustc looks at every rustc there is: the first on PATH may lack the library, as that of rustup does until it is told.
func findRustc(ctx context.Context) (*rustc, error) {
	seen := ""
	for _, path := range rustcs() {
		libraries := output(ctx, path, "--print", "target-libdir", "--target", wasmTarget)
		if found, _ := filepath.Glob(filepath.Join(escapeGlob(libraries), "libcore-*.rlib")); libraries == "" || len(found) == 0 {
			seen = path + " has no library for " + wasmTarget
			continue
		}
		r := &rustc{path: path, version: rustVersion(ctx, path)}
		if own, _ := filepath.Glob(filepath.Join(escapeGlob(output(ctx, path, "--print", "sysroot")), "lib", "rustlib", "*", "bin", "rust-lld*")); len(own) > 0 {
			return r, nil
		}
		if r.linker = rustLinker(ctx, path); r.linker != "" {
			return r, nil
		}
		seen = path + " has no linker for WebAssembly, such as wasm-ld of lld"
	}
	return nil, &MissingError{What: "rustc that builds WebAssembly", Seen: seen, How: installRust.here()}
}

// rustcs returns every compiler on PATH, then those in the usual places.
func rustcs() (found []string) {
	home, _ := os.UserHomeDir()
	folders := append(filepath.SplitList(os.Getenv("PATH")), filepath.Join(home, ".cargo", "bin"), "/usr/local/bin", "/usr/bin")
	toolchains, _ := filepath.Glob(filepath.Join(escapeGlob(home), ".rustup", "toolchains", "*", "bin"))
	if path := os.Getenv("RUSTC"); path != "" {
		found = append(found, path)
	}
	for _, dir := range append(folders, toolchains...) {
		if path, err := exec.LookPath(filepath.Join(dir, "rustc")); err == nil && dir != "" {
			found = append(found, path)
		}
	}
	return found
}

var (
	llvmOfRust = regexp.MustCompile(`LLVM version: (\d+)`)
	firstWords = regexp.MustCompile(`^rustc \S+`)
)

// rustLinker returns the linker of the LLVM that a rustc is built with: a newer one may not read its libraries.
func rustLinker(ctx context.Context, path string) string {
	if v := llvmOfRust.FindStringSubmatch(output(ctx, path, "-vV")); v != nil {
		if linker := lookPath("wasm-ld-" + v[1]); linker != "" {
			return linker
		}
	}
	if runtime.GOOS == "darwin" {
		return lookPath("wasm-ld", llvmFolders...)
	}
	return lookPath("wasm-ld")
}

func rustVersion(ctx context.Context, path string) string {
	if v := firstWords.FindString(output(ctx, path, "--version")); v != "" {
		return v
	}
	return "rustc"
}
