package transport

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"eventrelay/relay"
)

// Options are the settings of the WebSocket side. Zero fields mean the defaults, but for Inbound.
type Options struct {
	// Driver chooses how sockets are driven: "auto" (epoll on Linux, else portable), "epoll" or "portable" (a few
	// goroutines per connection). Default auto.
	Driver string `koanf:"driver"`
	// Loops is the number of epoll loops. Default: one per core (GOMAXPROCS when Open is called).
	Loops int `koanf:"loops"`
	// Path is where WebSocket clients connect. Default /ws.
	Path string `koanf:"path"`
	// DefaultTopic is the topic of a plain client that names none. Default events.
	DefaultTopic relay.Topic `koanf:"default_topic"`
	// HandshakeTimeout is how long a new connection may take, in all, to send its complete request. On Linux, who sends
	// nothing has a second more, if it is 3s or longer. Default 5s.
	HandshakeTimeout time.Duration `koanf:"handshake_timeout"`
	// PingInterval is how long a connection may be silent before it is pinged. Default 25s.
	PingInterval time.Duration `koanf:"ping_interval"`
	// PongTimeout is how long after a ping the client may stay silent. Default 10s.
	PongTimeout time.Duration `koanf:"pong_timeout"`
	// MaxMessageSize is the largest message a client may send. Default 64KiB.
	MaxMessageSize relay.Size `koanf:"max_message_size"`
	// MaxConnections is how many WebSockets may be open. Beside them there may be an eighth as many HTTP connections, but
	// at least 64. Default: 80 % of the process's file descriptors.
	MaxConnections int `koanf:"max_connections"`
	// MaxSubscriptions is how many subscriptions one connection may have. Default 128.
	MaxSubscriptions int `koanf:"max_subscriptions"`
	// SendBuffer is the kernel's send buffer per socket (SO_SNDBUF; Linux doubles it). Default 32KiB.
	SendBuffer relay.Size `koanf:"send_buffer"`
	// Inbound says whether clients may publish over their sockets. Default true; as Go cannot tell false from unset,
	// programs begin with DefaultOptions.
	Inbound bool `koanf:"inbound"`
	// Compression is permessage-deflate (RFC 7692). Here, only Enabled matters; the fan-out compresses.
	Compression relay.Compression `koanf:"compression"`
}

// DefaultOptions returns the defaults. Those that depend on the machine (Loops, MaxConnections) stay zero.
func DefaultOptions() Options {
	return Options{
		Driver:           "auto",
		Path:             "/ws",
		DefaultTopic:     relay.DefaultTopic,
		HandshakeTimeout: 5 * time.Second,
		PingInterval:     25 * time.Second,
		PongTimeout:      10 * time.Second,
		MaxMessageSize:   64 * relay.KiB,
		MaxSubscriptions: 128,
		SendBuffer:       32 * relay.KiB,
		Inbound:          true,
		Compression:      relay.DefaultCompression(),
	}
}

// Validate reports all faults at once, by the names of their keys.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(slices.Contains([]string{"auto", "epoll", "portable"}, o.Driver), "driver: %q is none of auto, epoll, portable", o.Driver)
	check(o.Driver != "epoll" || runtime.GOOS == "linux", "driver: epoll needs Linux; write auto or portable")
	check(o.Loops > 0 && o.Loops <= 1024, "loops: %d is not between 1 and 1024", o.Loops)
	check(strings.HasPrefix(o.Path, "/") && !strings.ContainsAny(o.Path, "?#* "), "path: %q is no path such as /ws", o.Path)
	_, err := relay.ParseTopic(string(o.DefaultTopic))
	check(err == nil, "default_topic: %w", err)
	check(o.HandshakeTimeout > 0, "handshake_timeout: %v is not positive", o.HandshakeTimeout)
	check(o.PingInterval > 0, "ping_interval: %v is not positive", o.PingInterval)
	check(o.PongTimeout > 0, "pong_timeout: %v is not positive", o.PongTimeout)
	check(o.MaxMessageSize > 0 && o.MaxMessageSize <= relay.GiB, "max_message_size: %v is not between 1B and 1GiB", o.MaxMessageSize)
	check(o.MaxConnections > 0, "max_connections: %d is not positive", o.MaxConnections)
	check(o.MaxSubscriptions > 0, "max_subscriptions: %d is not positive", o.MaxSubscriptions)
	check(o.SendBuffer >= 4*relay.KiB && o.SendBuffer <= relay.GiB, "send_buffer: %v is not between 4KiB and 1GiB", o.SendBuffer)
	errs = append(errs, o.Compression.Validate())
	return errors.Join(errs...)
}

// notSentLowat is how many bytes a socket takes beyond those on their way: the backlog of a slow client stays in the shared
// feeds, where its policy can still do something about it, and not in a copy per socket.
const notSentLowat = 16 << 10

// sendTimeout is how long a peer may leave unacknowledged what was sent to it, or take no more, before the kernel gives the
// connection up: as long as it may be silent.
func (o *Options) sendTimeout() time.Duration { return o.PingInterval + o.PongTimeout }

// deferAccept is for how many seconds the kernel keeps a connection to itself until its request comes: so a new client wakes
// us once, not twice, and one that connects and says nothing costs no descriptor in that time. It is the least that there
// is, and not done where that would add much to the time that such a client has.
func (o *Options) deferAccept() int {
	if o.HandshakeTimeout < 3*time.Second {
		return 0
	}
	return 1
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	d := DefaultOptions()
	o.Driver = cmp.Or(o.Driver, d.Driver)
	o.Loops = cmp.Or(o.Loops, runtime.GOMAXPROCS(0))
	o.Path = cmp.Or(o.Path, d.Path)
	o.DefaultTopic = cmp.Or(o.DefaultTopic, d.DefaultTopic)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, d.HandshakeTimeout)
	o.PingInterval = cmp.Or(o.PingInterval, d.PingInterval)
	o.PongTimeout = cmp.Or(o.PongTimeout, d.PongTimeout)
	o.MaxMessageSize = cmp.Or(o.MaxMessageSize, d.MaxMessageSize)
	o.MaxConnections = cmp.Or(o.MaxConnections, maxFiles()*8/10)
	o.MaxSubscriptions = cmp.Or(o.MaxSubscriptions, d.MaxSubscriptions)
	o.SendBuffer = cmp.Or(o.SendBuffer, d.SendBuffer)
	o.Compression = o.Compression.WithDefaults()
	return o
}
