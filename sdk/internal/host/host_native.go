//go:build !wasip1

package host

import "eventrelay/sdk/abi"

func Log(level abi.Level, text string)                { World.Log(level, text) }
func Reason(code abi.ReasonCode, text string)         { World.Reason(code, text) }
func Emit(record []byte) int32                        { return World.Emit(record) }
func KVGet(key string, out []byte) int32              { return World.KVGet(key, out) }
func KVSet(key string, value []byte, ttl int64) int32 { return World.KVSet(key, value, ttl) }
func KVAdd(key string, delta, ttl int64) int64        { return World.KVAdd(key, delta, ttl) }
func Now() int64                                      { return World.Now() }
func Random(b []byte)                                 { World.Random(b) }
func Metric(name string, delta int64)                 { World.Metric(name, delta) }
