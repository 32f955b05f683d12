package transport

import (
	"time"

	"eventrelay/relay"
)

// Options are the settings of the WebSocket side. Zero fields mean the defaults.
type Options struct {
	// Driver chooses how sockets are driven: "auto" (epoll on Linux, else portable), "epoll" or "portable" (a few
	// goroutines per connection). Default auto.
	Driver string `koanf:"driver"`
	// Loops is the number of epoll loops. Default: one per core.
	Loops int `koanf:"loops"`
	// Path is where WebSocket clients connect. Default /ws.
	Path string `koanf:"path"`
	// DefaultTopic is the topic of a plain client that names none. Default events.
	DefaultTopic relay.Topic `koanf:"default_topic"`
	// HandshakeTimeout is how long a new connection may take, in all, to send its complete request. Default 5s.
	HandshakeTimeout time.Duration `koanf:"handshake_timeout"`
	// PingInterval is how long a connection may be silent before it is pinged. Default 25s.
	PingInterval time.Duration `koanf:"ping_interval"`
	// PongTimeout is how long after a ping the client may stay silent. Default 10s.
	PongTimeout time.Duration `koanf:"pong_timeout"`
	// MaxMessageSize is the largest message a client may send. Default 64KiB.
	MaxMessageSize relay.Size `koanf:"max_message_size"`
	// MaxConnections is how many connections may be open. Default: 80 % of the process's file descriptors.
	MaxConnections int `koanf:"max_connections"`
	// MaxSubscriptions is how many subscriptions one connection may have. Default 128.
	MaxSubscriptions int `koanf:"max_subscriptions"`
	// SendBuffer is the kernel's send buffer per socket (SO_SNDBUF; Linux doubles it). Default 32KiB.
	SendBuffer relay.Size `koanf:"send_buffer"`
	// Inbound says whether clients may publish over their sockets. Default true.
	Inbound bool `koanf:"inbound"`
}
