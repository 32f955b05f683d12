package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"eventrelay/relay"
)

// scalar returns the value of a field that is no collection, or what is wrong with it.
func (d *decoder) scalar(f *field, n *yaml.Node) (v any, problem string) {
	if n.Tag == "!!null" && !d.untyped {
		return nil, "has no value; write one, or remove the line for the default"
	}
	switch f.typ {
	case durationType:
		return number(f, n.Value, duration)
	case sizeType:
		return number(f, n.Value, size)
	case topicType:
		return d.text(f, n, func(s string) (any, error) { return relay.ParseTopic(s) })
	case patternType:
		return d.text(f, n, func(s string) (any, error) { return relay.ParsePattern(s) })
	}
	switch f.typ.Kind() {
	case reflect.Bool:
		return d.boolean(n)
	case reflect.Int:
		return d.integer(f, n)
	case reflect.String:
		return d.text(f, n, func(s string) (any, error) { return reflect.ValueOf(s).Convert(f.typ).Interface(), nil })
	}
	panic("BUG: " + f.path + " has a type that no option may have: " + f.typ.String())
}

func (d *decoder) text(f *field, n *yaml.Node, parse func(string) (any, error)) (any, string) {
	switch {
	case !d.untyped && n.Tag != "!!str" && f.secret():
		return nil, "must be text; put it in quotes"
	case !d.untyped && n.Tag != "!!str":
		return nil, fmt.Sprintf("must be text; put it in quotes: %.64q", n.Value)
	}
	v, err := parse(n.Value)
	if err != nil {
		return nil, err.Error()
	}
	return v, ""
}

// boolean takes true and false alone: yes, on and 1 are text or numbers in YAML 1.2, and guesses elsewhere.
func (d *decoder) boolean(n *yaml.Node) (any, string) {
	if d.untyped || n.Tag == "!!bool" {
		switch n.Value {
		case "true", "True", "TRUE":
			return true, ""
		case "false", "False", "FALSE":
			return false, ""
		}
	}
	return nil, fmt.Sprintf("must be true or false, not %.32q", n.Value)
}

func (d *decoder) integer(f *field, n *yaml.Node) (any, string) {
	if !d.untyped && n.Tag == "!!str" && decimal.MatchString(n.Value) {
		return nil, fmt.Sprintf("is text; write %.20s without quotes", n.Value)
	}
	return number(f, n.Value, func(s string) (int, string) {
		v, err := strconv.Atoi(s)
		switch {
		case !decimal.MatchString(s):
			return 0, fmt.Sprintf("must be a whole number, such as %s, not %.32q", f.example(), s)
		case err != nil:
			return 0, fmt.Sprintf("%.32s is too large", s)
		}
		return v, ""
	})
}

// decimal leaves out what YAML readers differ on: 010 is 8 to some and 10 to others, 1_000 text or a number.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// number parses s and keeps the rules of all amounts: none is negative, and 0 is no way to say "the default" or "none",
// unless it is the documented default.
func number[T ~int | ~int64](f *field, s string, parse func(string) (T, string)) (any, string) {
	v, problem := parse(s)
	switch {
	case problem != "":
		return nil, problem
	case v < 0:
		return nil, fmt.Sprintf("%.32s is negative", s)
	case v == 0 && (f.def != nil || f.inList):
		return nil, fmt.Sprintf("0 has no meaning here; write an amount, such as %s, or remove the line for the default", f.example())
	}
	return v, ""
}

func duration(s string) (time.Duration, string) {
	v, err := time.ParseDuration(s)
	switch {
	case err == nil:
		return v, ""
	case decimal.MatchString(s):
		return 0, fmt.Sprintf("%.32s has no unit; write it with ms, s, m or h, such as %ss", s, s)
	}
	return 0, fmt.Sprintf("%.32q is no duration; write a number and ms, s, m or h, such as 10s", s)
}

func size(s string) (v relay.Size, problem string) {
	if err := v.UnmarshalText([]byte(s)); err != nil {
		return 0, err.Error()
	}
	return v, ""
}

// jsonScalar returns a scalar of free-form configuration as JSON can carry it.
func jsonScalar(n *yaml.Node) (any, string) {
	switch n.Tag {
	case "!!null":
		return nil, ""
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE", ""
	case "!!int":
		return jsonInt(n.Value)
	case "!!float":
		v, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Sprintf("%.32q is no number that JSON has", n.Value)
		}
		return v, ""
	}
	return n.Value, "" // text, and dates as they stand
}

func jsonInt(s string) (any, string) {
	if !decimal.MatchString(s) {
		return nil, fmt.Sprintf("%.32q is read differently by different programs; write it in decimal, or in quotes", s)
	}
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v, ""
	}
	if v, err := strconv.ParseUint(s, 10, 64); err == nil {
		return v, ""
	}
	return nil, fmt.Sprintf("%.32s is too large; put it in quotes", s)
}
