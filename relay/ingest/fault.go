package ingest

import (
	"net/http"
	"strconv"
	"strings"
)

// fault is why the bytes of a body make no event.
type fault struct {
	offset int // in the body, where it begins
	reason string
}

const badJSON = "bad JSON: "

// problem says f, which is at the given place, of a whole request. The hint is why the body was read as JSON.
func (f *fault) problem(at place, hint string) *problem {
	p := &problem{status: http.StatusBadRequest, detail: f.detail(at), where: &at}
	if strings.HasPrefix(f.reason, badJSON) {
		p.detail += hint
	}
	return p
}

func (f *fault) detail(at place) string {
	return "line " + strconv.Itoa(at.line) + ", column " + strconv.Itoa(at.column) + ": " + f.reason
}
