package admin

import (
	"embed"
	"encoding/json"
	"math"
	"net/http"
	"path"
	"runtime"
	"runtime/debug"
	"time"

	"eventrelay/relay"
)

//go:embed assets
var assets embed.FS

// policy keeps the page to itself: its own script, style and socket, no frames.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var assetTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
}

// asset serves one file of the page.
func asset(name string) http.HandlerFunc {
	body, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", assetTypes[path.Ext(name)])
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(body)
	}
}

// page is the status page's data.
type page struct {
	meters []relay.Meter
	health health
	begun  time.Time
}

// status is /stats.json.
type status struct {
	Ready   bool     `json:"ready"`
	Reason  string   `json:"reason,omitempty"` // why not
	Uptime  float64  `json:"uptime_seconds"`
	Version string   `json:"version"`
	Go      string   `json:"go"`
	Samples []sample `json:"samples"`
}

// sample is one relay.Metric. Of a histogram, count, sum and two quantiles are shown.
type sample struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	Value  float64           `json:"value"`
	Count  uint64            `json:"count,omitempty"`
	P50    float64           `json:"p50,omitempty"`
	P99    float64           `json:"p99,omitempty"`
}

func (p page) stats(w http.ResponseWriter, _ *http.Request) {
	st := status{Ready: true, Uptime: time.Since(p.begun).Seconds(), Version: version(), Go: runtime.Version(), Samples: []sample{}}
	if err := p.health.reason(); err != nil {
		st.Ready, st.Reason = false, err.Error()
	}
	for _, m := range p.meters {
		// What is wrong with a meter is /metrics's to report.
		report(m, func(m relay.Metric) { st.add(m) }, func(error) {})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(st) // a peer that went away misses it
}

// add takes a metric that can be shown.
func (st *status) add(m relay.Metric) {
	names, values, err := labels(m)
	if err != nil || len(st.Samples) >= maxSeries || math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
		return
	}
	s := sample{Name: m.Name, Value: m.Value, Labels: make(map[string]string, len(names))}
	for i, name := range names {
		s.Labels[name] = values[i]
	}
	if h := m.Histogram; h != nil {
		counts, sum := h.Read()
		for _, n := range counts {
			s.Count += n
		}
		s.Value, s.P50, s.P99 = sum.Seconds(), quantile(h, 0.5).Seconds(), quantile(h, 0.99).Seconds()
	}
	st.Samples = append(st.Samples, s)
}

// version is that of the main module, or "devel".
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
