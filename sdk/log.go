package sdk

import (
	"eventrelay/sdk/abi"
	"eventrelay/sdk/internal/host"
)

// Level is the level of a log line.
type Level = abi.Level

const (
	Debug = abi.LevelDebug
	Info  = abi.LevelInfo
	Warn  = abi.LevelWarn
	Error = abi.LevelError
)

// Log writes a line to relay's log. What is printed to stdout or stderr lands there too.
func Log(level Level, line string) { host.Log(level, line) }
