package admin

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"eventrelay/relay"
)

// newRegistry returns a registry of its own with the meters, the Go runtime, the process and the build.
func newRegistry(meters []relay.Meter) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
		collector{meters},
	)
	return reg
}

// newMetrics serves the registry. A sample that is wrong is left out and logged; the others are served.
func newMetrics(meters []relay.Meter, log *slog.Logger) http.Handler {
	reg := newRegistry(meters)
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorLog:            &scrapeLog{log: log},
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
		Timeout:             10 * time.Second,
		Registry:            reg, // counts the errors: promhttp_metric_handler_errors_total
	})
}

// scrapeLog logs what is wrong with samples, at most once a minute, as it is wrong at every scrape.
type scrapeLog struct {
	log *slog.Logger

	// Guarded by mu.
	mu   sync.Mutex
	last time.Time
}

func (l *scrapeLog) Println(v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.last) >= time.Minute {
		l.last = now
		l.log.Error("some metrics are wrong and were left out", "err", fmt.Sprint(v...))
	}
}
