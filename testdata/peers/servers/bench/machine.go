//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
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

// droppedPackets returns how many packets the kernel threw away so far since a core's queue for them was full. On
// loopback that happens when a core has more to do than the server or the client, and costs retransmission times.
func droppedPackets() int64 {
	text, _ := os.ReadFile("/proc/net/softnet_stat")
	var sum int64
	for line := range strings.Lines(string(text)) { // of each core: processed, dropped, …, in hexadecimal
		if columns := strings.Fields(line); len(columns) > 1 {
			n, _ := strconv.ParseInt(columns[1], 16, 64)
			sum += n
		}
	}
	return sum
}
