package plugins

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"eventrelay/relay"
)

// moduleFile is a module as it was read: once, so that what is judged is what runs.
type moduleFile struct {
	path   string
	script bool // its bytes are JavaScript
	bytes  []byte
	sum    [sha256.Size]byte
}

// readModule reads at most most bytes of a regular file, and checks them against the pin, if there is one.
func readModule(path string, most relay.Size, pin string) (*moduleFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case relay.Size(len(b)) > most:
		return nil, fmt.Errorf("larger than limits.module (%v); build it smaller (Go: -ldflags='-s -w'), or raise limits.module or plugins.max_module", most)
	}
	return withPin(path, b, pin)
}

// withPin checks a module against the pin, if there is one.
func withPin(path string, b []byte, pin string) (*moduleFile, error) {
	m := &moduleFile{path: path, bytes: b, sum: sha256.Sum256(b)}
	if want, _ := hex.DecodeString(pin); pin != "" && !bytes.Equal(want, m.sum[:]) {
		return nil, fmt.Errorf("its sha256 is %x, and relay.yaml pins %s: if the new file is meant, change the pin", m.sum, pin)
	}
	return m, nil
}

// withoutPath returns what went wrong with a file, without its path, which LoadError says.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// identity tells versions of a filter apart: the module, and the settings that its instances are made with.
type identity [sha256.Size]byte

func (m *moduleFile) identity(o Options, spec *Filter) identity {
	text, _ := json.Marshal(struct { // cannot fail: Validate has seen that config can be written
		Script   bool
		Sum      []byte
		Config   map[string]any
		Limits   Limits
		Reset    string
		Allow    grants
		MaxEvent relay.Size
	}{m.script, m.sum[:], spec.Config, spec.bounds(o), spec.Reset, spec.granted(), o.MaxEvent})
	return sha256.Sum256(text)
}
