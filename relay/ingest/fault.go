package ingest

import (
	"net/http"
	"strconv"
)

// fault is why the bytes of a body make no event.
type fault struct {
	offset int // in the body, where it begins
	reason string
}

const badJSON = "bad JSON: "

// problem says f, which is at the given place, of a whole request.
func (f *fault) problem(at place, hint string) *problem {
	return &problem{status: http.StatusBadRequest, detail: f.detail(at) + hint, where: &at}
}

func (f *fault) detail(at place) string {
	return "line " + strconv.Itoa(at.line) + ", column " + strconv.Itoa(at.column) + ": " + f.reason
}
