package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"eventrelay/plugins/workbench"
)

// testReport tells how the cases go: a line for each, and what is not as expected.
type testReport struct {
	app                       *app
	paint                     paint
	asJSON, verbose           bool
	passed, failed, rewritten int
}

func (a *app) newTestReport(f *testFlags) *testReport {
	return &testReport{app: a, paint: a.newPaint(), asJSON: f.asJSON, verbose: f.verbose}
}

// caseLine is a case in the output of --json.
type caseLine struct {
	Case     string        `json:"case"`
	Status   string        `json:"status"` // ok, failed, updated or broken
	Events   int           `json:"events"`
	Fuel     uint64        `json:"fuel"`
	Duration time.Duration `json:"duration_ns"` // in the filter
	Problems []problemLine `json:"problems,omitempty"`
	Error    string        `json:"error,omitempty"` // of a case that is broken
}

type problemLine struct {
	Event     int      `json:"event,omitempty"`
	Topic     string   `json:"topic,omitempty"`
	Text      string   `json:"text,omitempty"`
	Diff      []string `json:"diff,omitempty"`
	Functions []string `json:"functions,omitempty"`
	Log       []string `json:"log,omitempty"`
}

func (r *testReport) done(c *workbench.CaseResult, took time.Duration) {
	if len(c.Problems) == 0 {
		r.passed++
		r.line("ok", r.paint.green, c, took)
		return
	}
	r.failed++
	r.line("failed", r.paint.red, c, took)
	if r.asJSON {
		return
	}
	for i := range c.Problems {
		r.problem(&c.Problems[i])
	}
}

func (r *testReport) updated(c *workbench.CaseResult, took time.Duration) {
	r.rewritten++
	r.line("updated", r.paint.yellow, c, took)
}

// broken tells of a case that cannot be run.
func (r *testReport) broken(file string, err error) {
	r.failed++
	if r.asJSON {
		_ = json.NewEncoder(r.app.out).Encode(caseLine{Case: file, Status: "broken", Error: err.Error()})
		return
	}
	fmt.Fprintf(r.app.out, "%s %s\n         %s\n", r.paint.red("broken  "), caseName(file), printable(err.Error()))
}

func (r *testReport) line(status string, colour func(string) string, c *workbench.CaseResult, took time.Duration) {
	if r.asJSON {
		l := caseLine{Case: c.Case.File, Status: status, Events: len(c.Trials), Fuel: c.Fuel, Duration: c.Duration}
		for i := range c.Problems {
			l.Problems = append(l.Problems, jsonProblem(&c.Problems[i]))
		}
		_ = json.NewEncoder(r.app.out).Encode(l)
		return
	}
	what := fmt.Sprintf("%s, fuel %d, %v", plural(len(c.Trials), "event"), c.Fuel, short(took))
	if c.Refusal != "" {
		what = "does not start"
		if status == "ok" {
			what += ", as it should: " + printable(c.Refusal)
		}
	}
	fmt.Fprintf(r.app.out, "%s %s  %s\n", colour(fmt.Sprintf("%-8s", status)), caseName(c.Case.File), r.paint.dim(what))
	if r.verbose {
		for i := range c.Trials {
			fmt.Fprintf(r.app.out, "         %s\n", trialText(string(c.Case.Events[i].Topic), &c.Trials[i]))
		}
	}
}

func jsonProblem(p *workbench.Problem) problemLine {
	l := problemLine{Event: p.Event, Topic: p.Topic, Text: p.Text}
	for _, d := range p.Diff {
		l.Diff = append(l.Diff, string(d.Op)+d.Text)
	}
	if p.Trial != nil {
		l.Functions, l.Log = p.Trial.Functions, p.Trial.Log
	}
	return l
}

// problem shows one thing that is not as expected.
func (r *testReport) problem(p *workbench.Problem) {
	const indent = "         "
	if p.Event > 0 {
		what := p.Topic
		if p.Trial != nil {
			what = strings.TrimSpace(p.Trial.Hook + " " + what)
		}
		fmt.Fprintf(r.app.out, "%sevent %d (%s):", indent, p.Event, printable(what))
	} else {
		fmt.Fprint(r.app.out, strings.TrimSuffix(indent, " "))
	}
	if p.Text != "" {
		fmt.Fprintf(r.app.out, " %s", printable(p.Text))
	}
	if len(p.Diff) > 0 {
		fmt.Fprintf(r.app.out, " %s, %s", r.paint.red("- expected"), r.paint.green("+ happened"))
	}
	fmt.Fprintln(r.app.out)
	for _, d := range p.Diff {
		text := string(d.Op) + " " + printable(d.Text)
		switch d.Op {
		case '-':
			text = r.paint.red(text)
		case '+':
			text = r.paint.green(text)
		}
		fmt.Fprintf(r.app.out, "%s  %s\n", indent, text)
	}
	if p.Trial != nil {
		r.app.printTrace("           ", p.Trial)
	}
}

// printTrace shows the stack of a trap, and what the filter said.
func (a *app) printTrace(indent string, t *workbench.Trial) {
	for i, f := range t.Functions {
		fmt.Fprintf(a.out, "%s%s %s\n", indent, [2]string{"in  ", "from"}[min(i, 1)], printable(f))
	}
	const most = 8 // at the beginning, where a panic has its message, and as many at the end
	for i, l := range t.Log {
		switch {
		case i < most || i >= len(t.Log)-most:
			fmt.Fprintf(a.out, "%slog: %s\n", indent, printable(l))
		case i == most:
			fmt.Fprintf(a.out, "%slog: …\n", indent)
		}
	}
}

// end says how many cases there were, and returns what the exit code is made of.
func (r *testReport) end() error {
	all := r.passed + r.failed + r.rewritten
	if !r.asJSON {
		text := fmt.Sprintf("%d of %s as expected", r.passed, plural(all, "case"))
		if r.rewritten > 0 {
			text += fmt.Sprintf(", %d updated", r.rewritten)
		}
		fmt.Fprintln(r.app.out, text)
	}
	if r.failed > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

func caseName(file string) string {
	return printable(filepath.Base(file))
}

// paint colours text for a terminal, and leaves it alone for anything else.
type paint bool

func (a *app) newPaint() paint {
	return paint(isTerminal(a.out) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb")
}

func (p paint) in(code, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) red(s string) string    { return p.in("31", s) }
func (p paint) green(s string) string  { return p.in("32", s) }
func (p paint) yellow(s string) string { return p.in("33", s) }
func (p paint) dim(s string) string    { return p.in("2", s) }
