// Package abi is the contract between relay and its filters, ABI v1. README.md beside this file is the specification;
// the package holds the same contract for Go: names, bits and sizes, the record codec, and the answer codec. Host
// (package plugins) and Go guests (package sdk) both use it, so that neither can drift from the other.
//
// It stands alone: it imports nothing of relay, no reflection, no fmt; neither encoding into a large enough buffer nor
// decoding allocates. It knows the form of records, not the rules of their text: whether a topic is valid is the
// host's to check.
//
//	host: AppendHeader, topic, AppendAttribute…, payload → guest buffer → relay_on_event(len) → Answer.Split
//	guest: Decode(buffer[:len]) → handler → AppendRecord → RecordAnswer(ptr, len)
package abi
