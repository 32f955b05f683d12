package main

import (
	"encoding/json"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"
)

var typeNames = map[string]string{
	"json":   "application/json",
	"text":   "text/plain; charset=utf-8",
	"binary": "application/octet-stream",
}

// mediaType returns the Content-Type for an event's data. name is the user's --type, "" for what the data looks like.
func mediaType(name string, data []byte) (string, error) {
	switch {
	case name == "":
		return guessType(data), nil
	case typeNames[name] != "":
		return typeNames[name], nil
	case !strings.Contains(name, "/"):
		return "", fmt.Errorf("--type %s: write json, text, binary or a media type such as image/png", name)
	}
	if _, _, err := mime.ParseMediaType(name); err != nil {
		return "", fmt.Errorf("--type %s: %w", name, err)
	}
	return name, nil
}

func guessType(data []byte) string {
	switch {
	case json.Valid(data):
		return typeNames["json"]
	case utf8.Valid(data):
		return typeNames["text"]
	}
	return typeNames["binary"]
}
