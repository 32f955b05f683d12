package workbench

import (
	"cmp"
	"os"
	"runtime"
	"strings"
)

// MissingError is returned when no compiler is there that will do.
type MissingError struct {
	What string // "a clang that builds WebAssembly"
	Seen string // what is there, and why it will not do; may be empty
	How  string // what to do about it on this system
}

func (e *MissingError) Error() string {
	text := "there is no " + e.What
	if e.Seen != "" {
		text += " (" + e.Seen + ")"
	}
	if strings.HasPrefix(e.How, "`") {
		return text + "; run " + e.How
	}
	return text + "; " + e.How
}

// install says how to install something, by family of systems; "" is for all others.
type install map[string]string

// here returns what to do on this system.
func (i install) here() string {
	for _, family := range families() {
		if how := i[family]; how != "" {
			return how
		}
	}
	return i[""]
}

// families returns what this system is called, the nearest first: debian, fedora, alpine, arch, suse, darwin, windows.
func families() []string {
	if runtime.GOOS != "linux" {
		return []string{runtime.GOOS}
	}
	text, _ := os.ReadFile("/etc/os-release") // without it, it is some Linux
	return osRelease(string(text))
}

// osRelease reads ID and ID_LIKE of os-release(5).
func osRelease(text string) (ids []string) {
	var id, like string
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch value = strings.Trim(value, `"'`); key {
		case "ID":
			id = value
		case "ID_LIKE":
			like = value
		}
	}
	for _, name := range strings.Fields(id + " " + like) {
		ids = append(ids, cmp.Or(familyOf[name], name))
	}
	return ids
}

var familyOf = map[string]string{"ubuntu": "debian", "rhel": "fedora", "centos": "fedora", "opensuse": "suse"}
