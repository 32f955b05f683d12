package ingest

import "net/http"

// problem is why a request is refused: RFC 9457, with the title of the status.
type problem struct {
	status int
	detail string // says what to do
	where  *place // of bad JSON
	header header // one more
}

// header is one header field.
type header struct{ name, value string }

// place is a position in a body: line and column count from 1, the column in characters.
type place struct{ line, column, offset int }

func badRequest(detail string) *problem {
	return &problem{status: http.StatusBadRequest, detail: detail}
}

// appendProblem appends the members of p, with no braces.
func appendProblem(b []byte, p *problem) []byte {
	b = appendText(b, "title", http.StatusText(p.status))
	b = appendNumber(b, "status", p.status)
	b = appendText(b, "detail", p.detail)
	return appendPlace(b, p.where)
}

func appendPlace(b []byte, at *place) []byte {
	if at == nil {
		return b
	}
	b = appendNumber(b, "line", at.line)
	b = appendNumber(b, "column", at.column)
	return appendNumber(b, "offset", at.offset)
}

// refuse makes the answer of a problem.
func (x *exchange) refuse(p *problem) answer {
	x.out = append(appendProblem(append(x.out[:0], '{'), p), '}', '\n')
	return answer{status: p.status, problem: true, header: p.header, body: x.out}
}
