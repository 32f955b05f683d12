package script

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ErrMemory is returned when QuickJS has no memory left. The VM must be brought back to its start.
var ErrMemory = errors.New("out of memory (limits.memory)")

// Error is what a script threw, or what is wrong with its text.
type Error struct {
	File         string
	Line, Column int    // from 1; 0 when QuickJS does not tell
	Text         string // such as "TypeError: not a function"
}

func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return e.File + ": " + e.Text
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// thrown takes the pending exception.
func (v *VM) thrown() error {
	raw, err := v.once("JS_GetException", uint64(v.js))
	if err != nil {
		return err
	}
	return v.describe(value(raw))
}

// describe makes an error of what was thrown, and frees it.
func (v *VM) describe(x value) error {
	e := &Error{File: v.program.name}
	isError, err := v.once("JS_IsError", uint64(x))
	switch {
	case err != nil:
		return err
	case uint32(isError) == 0:
		text, err := v.show(x)
		if err != nil {
			return err
		}
		e.Text = "uncaught: " + text
	default:
		text, err := v.show(x)
		if err != nil {
			return err
		}
		stack, err := v.property(x, "stack")
		if err != nil {
			return err
		}
		if text == "InternalError: out of memory" {
			return ErrMemory
		}
		if strings.HasPrefix(text, noModule) {
			text += ": a script is one file; put what it imports into it (esbuild --bundle --format=esm)"
		}
		e.Text = text
		e.locate(stack, v.program.shift)
	}
	if err := v.free(x); err != nil {
		return err
	}
	return e
}

// show returns a value as String() does. What cannot be written so is no error.
func (v *VM) show(x value) (string, error) {
	ptr, err := v.do(callCString, uint64(v.js), uint64(v.out), uint64(x), 0)
	if err != nil {
		return "", err
	}
	if uint32(ptr) == 0 {
		again, err := v.once("JS_GetException", uint64(v.js))
		if err != nil {
			return "", err
		}
		return "something that cannot be written", v.free(value(again))
	}
	n, _ := v.mem.ReadUint32Le(v.out)
	text := string(v.view(uint32(ptr), min(n, maxShown)))
	_, err = v.do(callFreeCString, uint64(v.js), ptr)
	return text, err
}

// noModule is how QuickJS begins what it says of an import.
const noModule = "ReferenceError: could not load module"

// maxShown bounds what is read of an error's text.
const maxShown = 4096

// property returns a property as a string; one that is none is empty.
func (v *VM) property(x value, name string) (string, error) {
	ptr, err := v.put([]byte(name))
	if err != nil {
		return "", err
	}
	p, err := v.once("JS_GetPropertyStr", uint64(v.js), uint64(x), uint64(ptr))
	if err != nil {
		return "", err
	}
	if _, err := v.do(callFreeBlock, uint64(ptr)); err != nil {
		return "", err
	}
	if t := value(p).tag(); t != tagString && t != tagRope {
		return "", v.free(value(p))
	}
	text, err := v.show(value(p))
	return text, errors.Join(err, v.free(value(p)))
}

// place is where a line of a stack trace says that it is, behind the file's name.
var place = regexp.MustCompile(`^:(\d+)(?::(\d+))?\)?$`)

// locate finds the innermost place within the script in a stack trace of QuickJS, whose lines are "at f (file:line:column)".
func (e *Error) locate(stack string, shift int) {
	for line := range strings.Lines(stack) {
		at := strings.LastIndex(line, e.File+":") // names may have spaces and brackets
		if at < 1 || line[at-1] != '(' && line[at-1] != ' ' {
			continue
		}
		m := place.FindStringSubmatch(strings.TrimSpace(line[at+len(e.File):]))
		if m == nil {
			continue
		}
		e.Line, _ = strconv.Atoi(m[1])
		e.Column, _ = strconv.Atoi(m[2])
		e.Line = max(e.Line-shift, 1)
		return
	}
}
