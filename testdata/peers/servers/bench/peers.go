//go:build linux

package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// peer is a server that is measured.
type peer struct {
	name    string
	command []string // {bin} and {dir} stand for the folders of what is built, and of the servers
	needs   []string // files without which it can't run
	dialect dialect
	env     []string
	asked   bool // it runs only if it is asked for
	version func(s *settings) string
}

// dialect is how clients of a peer subscribe and publish, in the words of `relay bench`.
type dialect struct {
	subscribe    string   // path
	hello        []string // messages that subscribe
	publish      string   // path
	publishHello []string
	frame        string // of one event
}

// plain is the contract of our own small servers. Who publishes does not subscribe.
var plain = dialect{subscribe: "/ws?topic={topic}", publish: "/publish", frame: "{topic} {payload}"}

var (
	// relayDialect: frames name no topic, the connection does; it subscribes to a topic that nobody publishes to.
	relayDialect = dialect{subscribe: "/ws?topic={topic}", publish: "/ws?topic=nobody&publish={topic}", frame: "{payload}"}

	socketIODialect = dialect{
		subscribe: "/ws?EIO=4&transport=websocket&topic={topic}", hello: []string{"40"},
		publish: "/publish", publishHello: []string{""}, frame: "{topic} {payload}", // "": not that of subscribers
	}
	centrifugeDialect = dialect{
		subscribe: "/ws", hello: []string{`{"id":1,"connect":{}}`, `{"id":2,"subscribe":{"channel":"{topic}"}}`},
		publish: "/ws", publishHello: []string{`{"id":1,"connect":{}}`},
		frame: `{"id":3,"publish":{"channel":"{topic}","data":{payload}}}`,
	}
	natsDialect = dialect{
		subscribe: "/ws", hello: []string{natsConnect + "SUB {topic} 1\r\n"},
		publish: "/ws", publishHello: []string{natsConnect},
		frame: "PUB {topic} {size}\r\n{payload}\r\n",
	}
)

const natsConnect = `CONNECT {"verbose":false,"pedantic":false}` + "\r\n"

// relayName and floorName are the peers that all others are compared with, beside bunName.
const (
	relayName = "relay"
	floorName = "c"
	bunName   = "bun"
)

// peers are in the order of the table.
var peers = []*peer{
	{name: relayName, command: relayCommand, dialect: relayDialect, version: relayVersion},
	{
		name: "relay-2loops", command: relayCommand, dialect: relayDialect, version: relayVersion, asked: true,
		env: []string{"RELAY_WEBSOCKET_LOOPS=2"},
	},
	{name: floorName, command: []string{"{bin}/floor"}, dialect: plain, version: said("cc", "--version")},
	{name: bunName, command: []string{bunFile, "{dir}/npm/bun.js"}, dialect: plain, version: npm("bun")},
	goPeer("gws", "github.com/lxzan/gws", plain),
	goPeer("gorilla", "github.com/gorilla/websocket", plain),
	goPeer("coder", "github.com/coder/websocket", plain),
	goPeer("centrifuge", "github.com/centrifugal/centrifuge", centrifugeDialect),
	goPeer("nats", "github.com/nats-io/nats-server/v2", natsDialect),
	{name: "ws", command: []string{"node", "{dir}/npm/ws.mjs"}, needs: []string{"{dir}/npm/node_modules/ws"}, dialect: plain, version: npm("ws")},
	{
		name: "socketio", command: []string{"node", "{dir}/npm/socketio.mjs"}, needs: []string{"{dir}/npm/node_modules/socket.io"},
		dialect: socketIODialect, version: npm("socket.io"),
	},
	{
		name: "fastapi", command: []string{"/usr/bin/python3", "{dir}/fastapi/server.py"},
		needs:   []string{debian + "fastapi", debian + "uvicorn", debian + "websockets", debian + "uvloop", debian + "httptools"},
		dialect: plain, version: said("/usr/bin/python3", "-c",
			"import fastapi, uvicorn; print('fastapi', fastapi.__version__ + ', uvicorn', uvicorn.__version__)"),
	},
	{name: "nethttp", command: []string{"{bin}/nethttp"}, version: said("go", "version")},
}

const (
	bunFile = "{dir}/npm/node_modules/bun/bin/bun.exe" // so it is called on Linux too
	debian  = "/usr/lib/python3/dist-packages/"
)

var relayCommand = []string{"{root}/bin/relay", "serve", "-c", "{dir}/relay/" + configWord}

// configWord stands for the configuration that a workload has for relay.
const configWord = "{config}"

func goPeer(name, module string, d dialect) *peer {
	return &peer{name: name, command: []string{"{bin}/" + name}, dialect: d, version: func(s *settings) string {
		info, err := buildinfo.ReadFile(s.bin(name))
		if err != nil {
			return "?"
		}
		for _, dep := range info.Deps {
			if dep.Path == module {
				return dep.Path + " " + dep.Version
			}
		}
		return "?"
	}}
}

// missing returns what a peer lacks to run, or "": its program, or a file that its command line names or that it needs.
func (p *peer) missing(s *settings) string {
	if _, err := exec.LookPath(s.expand(p.command[0])); err != nil {
		return err.Error()
	}
	for _, file := range slices.Concat(p.command[1:], p.needs) {
		if file = s.expand(file); filepath.IsAbs(file) && !strings.Contains(file, configWord) {
			if _, err := os.Stat(file); err != nil {
				return err.Error()
			}
		}
	}
	return ""
}

func (s *settings) expand(text string) string {
	return strings.NewReplacer("{root}", s.root, "{bin}", s.bin(""), "{dir}", s.dir("")).Replace(text)
}

func npm(name string) func(*settings) string {
	return func(s *settings) string {
		var p struct{ Version string }
		text, err := os.ReadFile(s.dir("npm/node_modules/" + name + "/package.json"))
		if err != nil || json.Unmarshal(text, &p) != nil {
			return "?"
		}
		if name == "bun" {
			return "Bun " + p.Version
		}
		return fmt.Sprintf("npm %s %s on Node %s", name, p.Version, said("node", "--version")(s))
	}
}

// said returns the first line that a command prints.
func said(name string, args ...string) func(*settings) string {
	return func(*settings) string {
		out, err := exec.Command(name, args...).Output()
		line, _, _ := strings.Cut(string(out), "\n")
		if err != nil || line == "" {
			return "?"
		}
		return line
	}
}

func relayVersion(s *settings) string {
	out, err := exec.Command("git", "-C", s.root, "describe", "--always", "--dirty").Output()
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(out))
}
