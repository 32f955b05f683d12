//go:build linux

package main

import (
	"slices"
	"strings"
	"time"
)

// maxConnections is how many connections the largest workload has, publishers aside.
const maxConnections = 18000

// workload is what is asked of a server.
type workload struct {
	id, title   string
	connections int
	flags       []string // of `relay bench`
	publish     string   // where relay's publishers go instead of the dialect's: a path of HTTP
	frame       string   // what they send
	idle        bool     // nothing is published
	deflate     bool
	atLeast     time.Duration // of measuring
	config      string        // of relay; default relay.yaml
	peers       []string      // none: all that have WebSockets
	not         []string      // peers that can't
	unit        string        // what "each" and "per second" count; deliveries if empty
}

const (
	handshake = "handshake"
	event     = "event"
)

// workloads are those of the comparison, numbered as in README.
var workloads = []*workload{
	{id: "1a", title: "5,000 clients, one topic, 128 B, one event in flight", connections: 5000, flags: inFlight(1, 1)},
	{id: "1b", title: "18,000 clients, one topic, 128 B, one event in flight", connections: 18000, flags: inFlight(1, 1)},
	{id: "2a", title: "5,000 clients, 64 events in flight from 16 publishers", connections: 5000, flags: inFlight(64, 16), atLeast: saturated},
	{
		id: "2b", title: "18,000 clients, 64 events in flight from 16 publishers", connections: 18000, flags: inFlight(64, 16),
		atLeast: saturated, not: []string{"fastapi"}, // which needs 20 s for 64 events, and delivers the first no sooner
	},
	// A process may hold 20,000 files: 9,000 topics and 900, not 10,000 and 1,000.
	ndjson(workload{id: "3a", title: "9,000 topics with one client each, saturated", connections: 9000}, 9000),
	ndjson(workload{id: "3b", title: "900 topics with 20 clients each, saturated", connections: 18000}, 900),
	{id: "4", title: "18,000 clients, idle, after connecting as fast as the server takes them", connections: 18000, idle: true, unit: handshake},
	{id: "6a", title: "2,000 clients, 4 KiB, 20 events per second", connections: 2000, flags: paced, atLeast: 10 * time.Second},
	{
		id: "6b", title: "the same, with 1 % of the clients stuck and 10 % slow; the others' figures", connections: 2000,
		flags: append(slices.Clone(paced), "--stuck", "1%", "--slow", "10%"), atLeast: 10 * time.Second,
	},
	{
		id: "7a", title: "single POSTs of 128 B over 16 keep-alive connections, no client", flags: ingest(16, 1),
		publish: "/publish/bench", peers: []string{relayName, "nethttp"}, unit: event,
	},
	post("7b", "NDJSON batches of 100, no client", "/publish/bench", "relay.yaml"),
	post("8a", "7b with a filter in C", "/publish/c.bench", "filters.yaml"),
	post("8b", "7b with a filter in Go", "/publish/go.bench", "filters.yaml"),
	post("8c", "7b with both", "/publish/both.bench", "filters.yaml"),
	{id: "9a", title: "5,000 clients, 1 KiB of JSON, one event in flight", connections: 5000, flags: append(inFlight(1, 1), "--size", "1024")},
	{
		id: "9b", title: "the same, half of the clients with permessage-deflate", connections: 5000, deflate: true,
		flags: append(inFlight(1, 1), "--size", "1024", "--deflate", "50%"), not: []string{floorName},
	},
}

// saturated is the least time to measure servers that take seconds for what is in flight.
const saturated = 10 * time.Second

var paced = []string{"--rate", "20", "--size", "4096"}

func inFlight(events, publishers int) []string {
	return []string{"--in-flight", itoa(events), "--publishers", itoa(publishers)}
}

func ingest(publishers, batch int) []string {
	return []string{"--ingest", "--publishers", itoa(publishers), "--batch", itoa(batch)}
}

// ndjson completes a workload of many topics. relay is published to by batches that name each event's topic; the others
// by a frame per event.
func ndjson(w workload, topics int) *workload {
	w.flags = append(inFlight(400, 4), "--topics", itoa(topics))
	w.publish, w.frame = "/publish", `{"topic":"{topic}","data":{payload}}`
	return &w
}

func post(id, title, path, config string) *workload {
	return &workload{
		id: id, title: title, flags: ingest(4, 100), publish: path, config: config, peers: []string{relayName}, unit: event,
	}
}

// has reports whether a peer takes part.
func (w *workload) has(p *peer) bool {
	if len(w.peers) > 0 {
		return slices.Contains(w.peers, p.name)
	}
	return p.dialect.subscribe != "" && !slices.Contains(w.not, p.name)
}

// chosen reports whether w is one of names: its id, or the number in it. None chooses all.
func (w *workload) chosen(names []string) bool {
	return len(names) == 0 || slices.Contains(names, w.id) || slices.Contains(names, strings.TrimRight(w.id, "abc")) ||
		w.idle && slices.Contains(names, "5") // the connections of 4 come as the storm of 5
}
