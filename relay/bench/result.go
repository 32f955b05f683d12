package bench

// Result is what a run found. Its JSON names are stable. Totals and rates are of the measured time, after the warm-up;
// what is lost, duplicated, reordered, corrupted or disconnected, of warm-up and measured time.
type Result struct {
	URL         string  `json:"url"`
	PublishURL  string  `json:"publish_url,omitempty"`
	Mode        string  `json:"mode"` // in_flight, rate, idle, ingest
	Connections int     `json:"connections"`
	Publishers  int     `json:"publishers"`
	Topics      int     `json:"topics"`
	Size        int     `json:"size_bytes"`
	Batch       int     `json:"batch"`
	InFlight    int     `json:"in_flight,omitempty"`
	Rate        float64 `json:"rate_events_per_s,omitempty"` // asked for
	Warmup      float64 `json:"warmup_s"`
	Duration    float64 `json:"duration_s"` // measured
	Deflated    int     `json:"deflated_connections"`

	Events         int64   `json:"events"` // published; with ingest over HTTP: answered
	EventsPerS     float64 `json:"events_per_s"`
	Unsent         int64   `json:"unsent"` // with a rate: due, but the server took no more
	Deliveries     int64   `json:"deliveries"`
	DeliveriesPerS float64 `json:"deliveries_per_s"`
	Echoes         int64   `json:"echoes"` // deliveries to publishers, and to stuck and slow subscribers
	Other          int64   `json:"other_messages"`
	BytesIn        int64   `json:"bytes_in"`
	BytesOut       int64   `json:"bytes_out"`
	Reads          int64   `json:"reads"` // deliveries / reads: how many events a write of the server carries, about

	Lost         int64          `json:"lost"`
	Duplicated   int64          `json:"duplicated"`
	Reordered    int64          `json:"reordered"`
	Corrupted    int64          `json:"corrupted"`
	Stalls       int64          `json:"stalls"`  // how often nothing came for so long that the events in flight were given up
	Retries      int64          `json:"retries"` // requests that were sent again, since the server was busy
	Disconnected map[string]int `json:"disconnected,omitempty"`
	Stuck        *Laggards      `json:"stuck,omitempty"`
	Slow         *Laggards      `json:"slow,omitempty"`

	Latency *Histogram `json:"latency,omitempty"`         // of deliveries, from when the event was due
	Publish *Histogram `json:"publish_latency,omitempty"` // of requests, until they were answered

	Connect Connect `json:"connect"`
	Server  *Server `json:"server,omitempty"` // with PIDs
	Kernel  *Kernel `json:"kernel,omitempty"`

	ClientBusy    float64 `json:"client_busy_percent"`
	ClientBacklog float64 `json:"client_backlog"` // on how many sockets something waited when the client looked, on average
}

// ClientBound reports whether the client was the limit, not the server: it was always busy, and more waited for it than
// the next thing.
func (r *Result) ClientBound() bool { return r.ClientBusy > 90 && r.ClientBacklog > 16 }

// Connect is how connecting the subscribers went.
type Connect struct {
	Seconds   float64    `json:"seconds"`
	PerS      float64    `json:"connections_per_s"`
	Handshake *Histogram `json:"handshake"` // from connect to the answer
}

// Laggards are subscribers who read nothing, or little. They don't count in any figure but echoes.
type Laggards struct {
	Connections  int            `json:"connections"`
	BytesPerS    int            `json:"bytes_per_s"`
	Disconnected map[string]int `json:"disconnected,omitempty"`
}

// Server is what the server's processes spent. CPU time is user and system time.
type Server struct {
	PIDs            []int   `json:"pids"`
	CPUPercent      float64 `json:"cpu_percent"` // of one core
	CPUPerDelivery  float64 `json:"cpu_us_per_delivery,omitempty"`
	CPUPerEvent     float64 `json:"cpu_us_per_event,omitempty"`
	CPUPerHandshake float64 `json:"cpu_us_per_handshake,omitempty"`

	RSSBefore        int64   `json:"rss_bytes_before"`    // connecting
	RSSConnected     int64   `json:"rss_bytes_connected"` // before the first event; with idle: at the end
	RSSAfter         int64   `json:"rss_bytes_after"`     // the run, while all are connected
	RSSPerConnection float64 `json:"rss_bytes_per_connection,omitempty"`
}

// Kernel is the memory of the machine's kernel: of both ends, if the server is on this machine.
type Kernel struct {
	Unreadable        bool    `json:"unreadable,omitempty"` // /proc/meminfo could not be read
	SlabPerConnection float64 `json:"slab_bytes_per_connection"`
}

// Faulty reports whether events did not come as they should.
func (r *Result) Faulty() bool {
	return r.Lost+r.Duplicated+r.Reordered+r.Corrupted > 0 || len(r.Disconnected) > 0
}
