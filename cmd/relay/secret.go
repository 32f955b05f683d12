package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/pflag"
)

// secretSource is where a verb finds the key or token it shows: a file or the environment. Never the command line, which
// every user of the machine can read.
type secretSource struct {
	what string // publish key, subscribe token
	flag string // key, token; with -file it takes a file, without it explains itself to those who try
	env  string // RELAY_KEY, RELAY_TOKEN

	file string
	bare onCommandLine
}

func (s *secretSource) register(flags *pflag.FlagSet) {
	flags.StringVar(&s.file, s.flag+"-file", "", fmt.Sprintf("file with the %s; its first line counts (default $%s, else none is shown)", s.what, s.env))
	flags.Var(&s.bare, s.flag, "")
	_ = flags.MarkHidden(s.flag)
}

// load returns the secret, or "" when there is none to show.
func (s *secretSource) load(a *app) (string, error) {
	if s.bare.used {
		return "", fmt.Errorf("on the command line the %s is visible to every user of this machine; put it in a file for --%s-file, or in $%s", s.what, s.flag, s.env)
	}
	if s.file == "" {
		secret := a.getenv(s.env)
		return secret, checkSecret("$"+s.env, secret)
	}
	data, err := os.ReadFile(s.file)
	if err != nil {
		return "", err
	}
	a.warnReadable(s.file)
	secret := firstSecret(data)
	if secret == "" {
		return "", fmt.Errorf("%s holds no %s; write it in the first line", s.file, s.what)
	}
	return secret, checkSecret(s.file, secret)
}

// warnReadable says when others may read a file with a secret.
func (a *app) warnReadable(file string) {
	info, err := os.Stat(file)
	if err != nil || runtime.GOOS == "windows" || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
		return
	}
	a.notef("%s holds a secret and others may read it (mode %04o); run chmod 600 on it", file, info.Mode().Perm())
}

// firstSecret reads a file as the server reads its own: one secret per line, # begins a comment.
func firstSecret(data []byte) string {
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return string(line)
		}
	}
	return ""
}

// checkSecret keeps what no header carries out of one. It does not show the secret.
func checkSecret(where, secret string) error {
	for i := range len(secret) {
		if secret[i] <= ' ' || secret[i] > '~' {
			return fmt.Errorf("%s holds a space or a character outside printable ASCII, which a header can't carry", where)
		}
	}
	return nil
}

// onCommandLine is a flag that must not be used. It notes that it was, and forgets the value: an error from Set would
// print it.
type onCommandLine struct{ used bool }

func (f *onCommandLine) Set(string) error { f.used = true; return nil }
func (*onCommandLine) String() string     { return "" }
func (*onCommandLine) Type() string       { return "string" }
