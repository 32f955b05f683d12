// Package conformance holds the SDKs of all languages to one text, README.md: each writes the guest that is described
// there, and the test drives them all through the host that ships. It has no code of its own.
package conformance
