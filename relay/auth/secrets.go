package auth

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
)

// maxSecretsFile is the largest key file read.
const maxSecretsFile = 1 << 20

// shortSecret is the length below which a key is warned about: 16 random characters are out of guessing's reach.
const shortSecret = 16

// digests are SHA-256 sums of secrets. Comparing sums tells nothing of the secrets by its timing, not even their
// lengths, and a memory dump shows none.
type digests [][sha256.Size]byte

func digest(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// has compares d to every digest, whichever matches.
func (ds digests) has(d [sha256.Size]byte) bool {
	found := 0
	for i := range ds {
		found |= subtle.ConstantTimeCompare(ds[i][:], d[:])
	}
	return found == 1
}

// loadSecrets adds the inline secrets and those of file, which may be "", to into.
func (g *Guard) loadSecrets(into *digests, key string, inline []Secret, file string) error {
	for i, s := range inline {
		g.addSecret(into, string(s), fmt.Sprintf("%s[%d]", key, i))
	}
	if file == "" {
		return nil
	}
	secrets, err := g.readSecrets(key+"_file", file)
	if err != nil {
		return err
	}
	for _, s := range secrets {
		g.addSecret(into, s.text, fmt.Sprintf("%s:%d", file, s.line))
	}
	return nil
}

func (g *Guard) addSecret(into *digests, secret, where string) {
	if len(secret) < shortSecret {
		g.warnings = append(g.warnings, fmt.Sprintf("%s is shorter than %d characters and may be guessed; `openssl rand -hex 16` makes a good one", where, shortSecret))
	}
	if d := digest(secret); !slices.Contains(*into, d) {
		*into = append(*into, d)
	}
}

type secretLine struct {
	text string
	line int
}

// readSecrets returns the secrets of a file, one per line. An empty file is an error, as it would open the relay.
func (g *Guard) readSecrets(key, file string) ([]secretLine, error) {
	data, err := g.readSecretsFile(file)
	if err != nil {
		return nil, &OptionError{key, err.Error()}
	}
	var out []secretLine
	var errs []error
	sc := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	sc.Buffer(nil, maxSecretsFile+1)
	for n := 1; sc.Scan(); n++ {
		line := bytes.TrimSpace(sc.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if why := secretFault(string(line)); why != "" {
			errs = append(errs, &OptionError{fmt.Sprintf("%s: %s:%d", key, file, n), why})
		}
		out = append(out, secretLine{string(line), n})
	}
	if len(out) == 0 {
		errs = append(errs, &OptionError{key, file + " holds none; write one per line"})
	}
	return out, errors.Join(errs...)
}

func (g *Guard) readSecretsFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// NOTE: not on Windows, where the mode says nothing of who may read.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		g.warnings = append(g.warnings, fmt.Sprintf("%s holds secrets and others may read it (mode %04o); run chmod 600 on it", file, info.Mode().Perm()))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecretsFile+1))
	if err == nil && len(data) > maxSecretsFile {
		err = fmt.Errorf("%s is larger than 1MiB", file)
	}
	return data, err
}

// secretFault says why s can't be a key, without showing it. Printable ASCII is what a header carries for sure.
func secretFault(s string) string {
	switch {
	case s == "":
		return "is empty, which would let anyone in"
	case len(s) > maxShown:
		return fmt.Sprintf("is longer than %d characters", maxShown)
	case slices.ContainsFunc([]byte(s), func(b byte) bool { return b <= ' ' || b > '~' }):
		return "holds a space or a character outside printable ASCII, which headers can't carry"
	}
	return ""
}
