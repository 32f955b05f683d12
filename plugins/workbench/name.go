package workbench

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxName is the longest name of a filter that relay.yaml takes.
const maxName = 64

// CheckName returns what is wrong with a name for a new filter.
func CheckName(name string, l *Language) error {
	if err := checkRunes(name); err != nil {
		return err
	}
	lower := strings.ToLower(name)
	switch {
	case strings.Contains(name, "."):
		return fmt.Errorf("%q has a dot, which belongs to file names; write letters, digits, - and _", name)
	case !isLetter(rune(name[0])):
		return fmt.Errorf("%q does not begin with a letter", name)
	case slices.Contains(windowsNames, lower):
		return fmt.Errorf("%q is no name of a file on Windows; choose another", name)
	case slices.Contains(l.reserved, strings.ReplaceAll(lower, "-", "_")):
		return fmt.Errorf("%q is a word of %s itself; choose another, such as my-%s", name, l.Title, lower)
	}
	return nil
}

// checkRunes holds a name to what relay.yaml takes as one, and file systems as a file.
func checkRunes(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case len(name) > maxName:
		return fmt.Errorf("%.32q… is longer than %d bytes", name, maxName)
	case strings.Trim(name, ".") == "":
		return fmt.Errorf("%q is no name", name)
	}
	for _, r := range name {
		if !isLetter(r) && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r) {
			return fmt.Errorf("%q has %q in it; write letters, digits, - and _", name, r)
		}
	}
	return nil
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

var windowsNames = []string{
	"aux", "com1", "com2", "com3", "com4", "con", "lpt1", "lpt2", "lpt3", "nul", "prn",
}
