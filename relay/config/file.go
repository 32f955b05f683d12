package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxFile is the largest relay.yaml.
const MaxFile = 1 << 20

// DefaultFile is read when no path is given and it exists.
const DefaultFile = "relay.yaml"

// readFile returns the bytes of the configuration file. With path "", it is DefaultFile, and none is no error.
func readFile(path string) (name string, data []byte, err error) {
	name = path
	if path == "" {
		name = DefaultFile
	}
	f, err := os.Open(name)
	if path == "" && errors.Is(err, os.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return name, nil, err
	}
	defer f.Close()
	data, err = io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("%s: is larger than 1MiB; is it a relay.yaml?", name)
	}
	return name, data, err
}

// openToOthers reports whether users other than the owner may read the file. It can't know on Windows.
func openToOthers(name string) bool {
	info, err := os.Stat(name)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// parse returns the root of the one document in data, or nil for an empty one.
func parse(name string, data []byte, faults *Error) *yaml.Node {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if line, problem := notText(data); problem != "" {
		faults.add(fmt.Sprintf("%s:%d", name, line), "", "%s", problem)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		syntaxFault(name, data, err, faults)
		return nil
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		faults.add(fmt.Sprintf("%s:%d", name, next.Line), "", "a second document begins here; write all into one, without ---")
		return nil
	case !errors.Is(err, io.EOF):
		syntaxFault(name, data, err, faults)
		return nil
	}
	return doc.Content[0]
}

// notText says why data can't be YAML text at all, and in which line.
func notText(data []byte) (line int, problem string) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return 1, "is UTF-16; save it as UTF-8"
	}
	line = 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == 0:
			return line, "holds a NUL byte; is it UTF-16 or a binary file? Save it as UTF-8 text"
		case r == utf8.RuneError && n == 1:
			return line, "is not UTF-8; save it as UTF-8"
		case r == '\n':
			line++
		case r != '\t' && r != '\r' && r != '\u0085' && unicode.IsControl(r): // YAML 1.2 §5.1
			return line, fmt.Sprintf("holds the control character %U; take it out", r)
		}
		data = data[n:]
	}
	return 0, ""
}

var (
	yamlError     = regexp.MustCompile(`^yaml: (?s:(?:line (\d+): )?(.*))`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
	badAlias      = regexp.MustCompile(`alias of nothing|expected alphabetic or numeric character`)
)

// syntaxFault adds what the YAML parser says, with the line, and with a hint where it is bad at telling.
func syntaxFault(name string, data []byte, err error, faults *Error) {
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		faults.add(name, "", "%v", err)
		return
	}
	line, problem, hint := 1, m[2], "" // the parser leaves out the first line
	if n, err := strconv.Atoi(m[1]); err == nil {
		line = n
	} else if anchor := unknownAnchor.FindStringSubmatch(m[2]); anchor != nil {
		before, _, _ := bytes.Cut(data, []byte("*"+anchor[1]))
		line = 1 + bytes.Count(before, []byte("\n"))
		problem = "found an alias of nothing" // its name may be the text of a secret
	}
	switch {
	case tabAt(data, line):
		hint = "; indent with spaces, not tabs"
	case badAlias.MatchString(problem):
		hint = `; put text that begins with * or & in quotes, such as "*.created"`
	}
	faults.add(fmt.Sprintf("%s:%d", name, line), "", "not YAML: %s%s", problem, hint)
}

// tabAt reports whether the line, or the one after it, is indented with a tab: the parser may name the line before.
func tabAt(data []byte, line int) bool {
	lines := bytes.SplitAfterN(data, []byte("\n"), line+2)
	// NOTE: to YAML a lone CR ends a line too, so that line may be past the last of ours.
	first := min(max(0, line-1), len(lines))
	for _, l := range lines[first:min(len(lines), line+1)] {
		indent := l[:len(l)-len(bytes.TrimLeft(l, " \t"))]
		if bytes.ContainsRune(indent, '\t') {
			return true
		}
	}
	return false
}
