//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine describes where the benchmark runs, and what Go built the servers in Go.
func machine() string {
	return strings.Join([]string{
		field("/proc/cpuinfo", "model name"), fmt.Sprintf("%d cores", runtime.NumCPU()), runtime.GOARCH,
		"Linux " + firstLine("/proc/sys/kernel/osrelease"), runtime.Version(),
	}, ", ")
}

// field returns the value of the first line "name: value" of a file.
func field(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func firstLine(file string) string {
	text, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}
