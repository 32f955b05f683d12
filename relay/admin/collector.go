package admin

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"eventrelay/relay"
)

// maxSeries is how many samples of one name are shown. A label that grows past it would sink the operator's Prometheus.
const maxSeries = 2000

// errMetric is wrapped by what is wrong with a relay.Metric.
var errMetric = errors.New("not a metric")

// collector turns what meters report into Prometheus metrics. Names are not known before they are reported, so it
// describes none.
type collector struct{ meters []relay.Meter }

// Describe implements prometheus.Collector.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector. What is wrong becomes an error of the scrape, never a panic of it.
func (c collector) Collect(out chan<- prometheus.Metric) {
	series := make(map[string]int)
	for _, m := range c.meters {
		report(m, func(sample relay.Metric) {
			series[sample.Name]++
			switch n := series[sample.Name]; {
			case n <= maxSeries:
				out <- convert(sample)
			case n == maxSeries+1:
				out <- invalid(sample.Name, fmt.Errorf("%w: more than %d series; the rest is left out", errMetric, maxSeries))
			}
		}, func(err error) { out <- invalid(fmt.Sprintf("%T", m), err) })
	}
}

// report asks one meter, and survives it.
func report(m relay.Meter, yield func(relay.Metric), fault func(error)) {
	defer func() {
		if p := recover(); p != nil {
			fault(fmt.Errorf("%w: the meter panicked: %v", errMetric, p))
		}
	}()
	m.Metrics(yield)
}

// convert makes a Prometheus metric of m.
func convert(m relay.Metric) prometheus.Metric {
	names, values, err := labels(m)
	if err != nil {
		return invalid(m.Name, err)
	}
	desc := prometheus.NewDesc(m.Name, m.Help, names, nil)
	var made prometheus.Metric
	switch m.Kind {
	case relay.Counter:
		made, err = prometheus.NewConstMetric(desc, prometheus.CounterValue, m.Value, values...)
	case relay.Gauge:
		made, err = prometheus.NewConstMetric(desc, prometheus.GaugeValue, m.Value, values...)
	case relay.HistogramKind:
		made, err = histogram(desc, m.Histogram, values)
	default:
		err = fmt.Errorf("%w: kind %d", errMetric, m.Kind)
	}
	if err != nil {
		return invalid(m.Name, err)
	}
	return made
}

// labels checks the name of m and takes its labels apart.
func labels(m relay.Metric) (names, values []string, err error) {
	if !strings.HasPrefix(m.Name, "relay_") || !isName(m.Name) {
		return nil, nil, fmt.Errorf("%w: names begin with relay_ and have only a-z, 0-9 and _", errMetric)
	}
	if len(m.Labels)%2 != 0 {
		return nil, nil, fmt.Errorf("%w: a label without a value", errMetric)
	}
	for i := 0; i < len(m.Labels); i += 2 {
		if !isName(m.Labels[i]) {
			return nil, nil, fmt.Errorf("%w: label name %.64q", errMetric, m.Labels[i])
		}
		names = append(names, m.Labels[i])
		values = append(values, m.Labels[i+1])
	}
	return names, values, nil
}

func isName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func histogram(desc *prometheus.Desc, h *relay.Histogram, values []string) (prometheus.Metric, error) {
	if h == nil {
		return nil, fmt.Errorf("%w: a histogram without a histogram", errMetric)
	}
	counts, sum := h.Read()
	buckets := make(map[float64]uint64, len(relay.HistogramBounds))
	total := uint64(0)
	for i, bound := range relay.HistogramBounds {
		total += counts[i]
		buckets[bound.Seconds()] = total
	}
	total += counts[len(counts)-1]
	return prometheus.NewConstHistogram(desc, total, sum.Seconds(), buckets, values...)
}

// invalid makes the scrape report err.
func invalid(name string, err error) prometheus.Metric {
	err = fmt.Errorf("%.64q: %w", name, err)
	return prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
}

// quantile returns the upper bound of the bucket in which the q-th part of the counts is reached, or 0 of none.
func quantile(h *relay.Histogram, q float64) time.Duration {
	counts, _ := h.Read()
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	rank, seen := uint64(q*float64(total)), uint64(0)
	for i, n := range counts {
		if seen += n; seen > rank {
			return relay.HistogramBounds[min(i, len(relay.HistogramBounds)-1)]
		}
	}
	return 0
}
