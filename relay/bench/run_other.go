//go:build !linux

package bench

import (
	"context"
	"runtime"
)

// Run returns ErrPlatform.
func Run(context.Context, Options) (*Result, error) { return nil, ErrPlatform }

// Cores returns how many processors this process may use.
func Cores() int { return runtime.NumCPU() }
