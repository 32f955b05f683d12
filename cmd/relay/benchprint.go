package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"eventrelay/relay"
	"eventrelay/relay/bench"
)

// printBench prints a result for people.
func printBench(w io.Writer, r *bench.Result) error {
	fmt.Fprintln(w, benchTitle(r))
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range slices.Concat(connectRows(r), eventRows(r), faultRows(r), serverRows(r)) {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// benchTitle says what was run.
func benchTitle(r *bench.Result) string {
	held := seconds(r.Duration)
	switch r.Mode {
	case "idle":
		return fmt.Sprintf("%s idle connections, held for %s", group(r.Connections), held)
	case "ingest":
		return fmt.Sprintf("%s, %d-byte events%s, for %s after %s of warm-up", plural(r.Publishers, "publisher"), r.Size, batches(r), held, seconds(r.Warmup))
	}
	pace := fmt.Sprintf("%d in flight", r.InFlight)
	if r.Mode == "rate" {
		pace = fmt.Sprintf("%g per second", r.Rate)
	}
	return fmt.Sprintf("%s on %s, %s, %d-byte events%s, %s, for %s after %s of warm-up", plural(r.Connections, "subscriber"), plural(r.Topics, "topic"),
		plural(r.Publishers, "publisher"), r.Size, batches(r), pace, held, seconds(r.Warmup))
}

func batches(r *bench.Result) string {
	if r.Batch == 1 {
		return ""
	}
	return fmt.Sprintf(" in batches of %d", r.Batch)
}

func connectRows(r *bench.Result) (rows [][]string) {
	if c := r.Connect; c.Handshake != nil {
		rows = append(rows, []string{
			"connect", group(c.PerS) + "/s", "in " + seconds(c.Seconds),
			fmt.Sprintf("handshake p50 %s, p99 %s", short(c.Handshake.Quantile(.5)), short(c.Handshake.Quantile(.99))),
		})
	}
	if r.Deflated > 0 {
		rows = append(rows, []string{"deflate", group(r.Deflated), "of " + group(r.Connections) + " connections"})
	}
	return rows
}

func eventRows(r *bench.Result) (rows [][]string) {
	if r.Mode == "idle" {
		return nil
	}
	rows = append(rows, []string{"events", group(r.EventsPerS) + "/s", group(r.Events) + " in all"})
	if r.Unsent > 0 {
		rows = append(rows, []string{"unsent", group(r.Unsent), "were due, but the server took no more"})
	}
	if r.Mode != "ingest" {
		perRead := float64(r.Deliveries+r.Echoes) / float64(max(r.Reads, 1))
		rows = append(rows, []string{"deliveries", group(r.DeliveriesPerS) + "/s", group(r.Deliveries) + " in all", fmt.Sprintf("%.1f per read", perRead)})
	}
	rows = append(rows, []string{"traffic", perSecond(r.BytesIn, r.Duration), "received", perSecond(r.BytesOut, r.Duration) + " sent"})
	for _, h := range []struct {
		name string
		h    *bench.Histogram
	}{{"latency", r.Latency}, {"requests", r.Publish}} {
		if h.h != nil {
			rows = append(rows, []string{
				h.name, "p50 " + short(h.h.Quantile(.5)), "p90 " + short(h.h.Quantile(.9)),
				fmt.Sprintf("p99 %s, p99.9 %s, max %s", short(h.h.Quantile(.99)), short(h.h.Quantile(.999)), short(h.h.Max())),
			})
		}
	}
	return rows
}

func faultRows(r *bench.Result) (rows [][]string) {
	if r.Mode != "idle" && r.Mode != "ingest" {
		rows = append(rows, []string{"order", group(r.Lost) + " lost", group(r.Duplicated) + " repeated", fmt.Sprintf("%s reordered, %s corrupted", group(r.Reordered), group(r.Corrupted))})
	}
	if r.Stalls > 0 {
		rows = append(rows, []string{"stalls", group(r.Stalls), "times nothing came for 5 s"})
	}
	if r.Retries > 0 {
		rows = append(rows, []string{"retries", group(r.Retries), "requests, the server was busy"})
	}
	for _, l := range []struct {
		name string
		l    *bench.Laggards
	}{{"stuck", r.Stuck}, {"slow", r.Slow}} {
		if l.l != nil {
			rows = append(rows, append([]string{l.name, group(l.l.Connections), perSecond(int64(l.l.BytesPerS), 1) + " each"}, reasons(l.l.Disconnected)...))
		}
	}
	if len(r.Disconnected) > 0 {
		rows = append(rows, append([]string{"cut off", "", ""}, reasons(r.Disconnected)...))
	}
	return rows
}

// reasons says how often connections ended for what.
func reasons(m map[string]int) []string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%d× %s", m[reason], printable(reason)))
	}
	return []string{strings.Join(parts, "; ")}
}

func serverRows(r *bench.Result) (rows [][]string) {
	if s := r.Server; s != nil {
		cpu := []string{"server CPU", fmt.Sprintf("%.0f %% of a core", s.CPUPercent)}
		for _, c := range []struct {
			us  float64
			per string
		}{{s.CPUPerDelivery, "delivery"}, {s.CPUPerEvent, "event"}, {s.CPUPerHandshake, "handshake"}} {
			if c.us > 0 {
				cpu = append(cpu, fmt.Sprintf("%s µs per %s", figure(c.us), c.per))
			}
		}
		rows = append(rows, cpu)
		memory := []string{"server RSS", mebi(s.RSSBefore) + " before"}
		if r.Connections > 0 {
			memory = append(memory, mebi(s.RSSConnected)+" connected", fmt.Sprintf("%s after, %s bytes per connection", mebi(s.RSSAfter), group(s.RSSPerConnection)))
		} else {
			memory = append(memory, mebi(s.RSSAfter)+" after")
		}
		rows = append(rows, memory)
	}
	if k := r.Kernel; k != nil && r.Mode == "idle" {
		slab := []string{"kernel slab", group(k.SlabPerConnection) + " bytes", "per connection", "both ends, if both are on this machine"}
		if k.Unreadable {
			slab = []string{"kernel slab", "unknown", "/proc/meminfo can't be read"}
		}
		rows = append(rows, slab)
	}
	if r.Mode != "idle" {
		busy := []string{"client", fmt.Sprintf("%.0f %% busy", r.ClientBusy)}
		if r.ClientBound() {
			busy = append(busy, "it is the limit, not the server")
		}
		rows = append(rows, busy)
	}
	return rows
}

// benchFault says why the exit code is not 0.
func benchFault(r *bench.Result) string {
	cut := 0
	for _, n := range r.Disconnected {
		cut += n
	}
	var parts []string
	for _, p := range []struct {
		n    int64
		what string
	}{{r.Lost, "lost"}, {r.Duplicated, "repeated"}, {r.Reordered, "reordered"}, {r.Corrupted, "corrupted"}} {
		if p.n > 0 {
			parts = append(parts, group(p.n)+" "+p.what)
		}
	}
	if cut > 0 {
		parts = append(parts, plural(cut, "subscriber")+" cut off")
	}
	return "not all came as it should: " + strings.Join(parts, ", ")
}

// benchProgress shows how a bench goes, on one line of a terminal, or one line a second.
type benchProgress struct {
	a     *app
	on    bool
	tty   bool
	last  time.Time
	shown bool
}

func newBenchProgress(a *app, f *benchFlags) *benchProgress {
	tty := isTerminal(a.err)
	return &benchProgress{a: a, on: tty || f.progress, tty: tty}
}

func (p *benchProgress) tell(b bench.Progress) {
	if !p.on || !p.tty && time.Since(p.last) < time.Second {
		return
	}
	p.last, p.shown = time.Now(), true
	line := fmt.Sprintf("%s, %.0f s left: %s events/s, %s deliveries/s", b.Phase, b.Left.Seconds(), group(b.Events), group(b.Deliveries))
	switch b.Phase {
	case "connect":
		line = fmt.Sprintf("connect: %s of %s", group(b.Done), group(b.Of))
	case "prime", "drain":
		line = fmt.Sprintf("%s: %s deliveries/s", b.Phase, group(b.Deliveries))
	case "hold":
		line = fmt.Sprintf("hold, %.0f s left", b.Left.Seconds())
	}
	if p.tty {
		fmt.Fprintf(p.a.err, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(p.a.err, line)
}

func (p *benchProgress) end() {
	if p.shown && p.tty {
		fmt.Fprint(p.a.err, "\r\x1b[K")
	}
}

// group writes a whole number with its thousands apart.
func group[N int | int64 | float64](n N) string {
	s := strconv.FormatInt(int64(float64(n)+.5*float64(cmp.Compare(n, 0))), 10)
	digits := strings.TrimPrefix(s, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return s[:len(s)-len(strings.TrimPrefix(s, "-"))] + digits
}

// figure writes three significant digits.
func figure(v float64) string {
	switch {
	case v >= 100 || v == 0:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return figure(d.Seconds()) + " s"
	case d >= time.Millisecond:
		return figure(d.Seconds()*1e3) + " ms"
	}
	return figure(d.Seconds()*1e6) + " µs"
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'g', 3, 64) + " s" }

func mebi(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/float64(relay.MiB)) }

func perSecond(bytes int64, s float64) string {
	rate := float64(bytes) / s
	switch {
	case rate >= float64(relay.MiB):
		return figure(rate/float64(relay.MiB)) + " MiB/s"
	case rate >= float64(relay.KiB):
		return figure(rate/float64(relay.KiB)) + " KiB/s"
	}
	return figure(rate) + " B/s"
}
