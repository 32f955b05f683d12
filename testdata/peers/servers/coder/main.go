// coder serves a broadcast with github.com/coder/websocket in the manner of its chat example: a queue for each client, and
// whose queue is full is cut off. The library has no prepared messages; each client's frame is written by itself.
package main

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"relaypeers/servers/contract"
)

// queueSize is larger than the example's 16: the benchmark has 64 events in flight. writeWait is the example's.
const (
	queueSize = 256
	writeWait = 5 * time.Second
)

type message struct {
	kind    websocket.MessageType
	payload []byte
}

type client struct {
	send chan message       // never closed
	stop context.CancelFunc // ends write
}

var topics contract.Topics[*client]

func main() {
	http.HandleFunc("/ws", serve)
	http.HandleFunc("/publish", serve)
	log.Fatal(http.ListenAndServe(contract.Addr(), nil))
}

func serve(w http.ResponseWriter, r *http.Request) {
	options := &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled}
	if contract.Deflate() {
		options.CompressionMode = websocket.CompressionNoContextTakeover
	}
	conn, err := websocket.Accept(w, r, options)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	topic := r.URL.Query().Get("topic")
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if topic != "" {
		c := &client{send: make(chan message, queueSize), stop: cancel}
		topics.Join(topic, c)
		defer topics.Leave(topic, c)
		go c.write(ctx, conn)
	}
	read(ctx, conn, topic)
}

func read(ctx context.Context, conn *websocket.Conn, own string) {
	for {
		kind, data, err := conn.Read(ctx)
		if err != nil {
			return
		}
		topic, payload := contract.Route(own, data)
		topics.Each(topic, func(to *client) {
			select {
			case to.send <- message{kind, payload}:
			default:
				to.stop()
			}
		})
	}
}

func (c *client) write(ctx context.Context, conn *websocket.Conn) {
	defer c.stop()
	for {
		select {
		case m := <-c.send:
			if writeTimeout(ctx, conn, m) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func writeTimeout(ctx context.Context, conn *websocket.Conn, m message) error {
	ctx, cancel := context.WithTimeout(ctx, writeWait)
	defer cancel()
	return conn.Write(ctx, m.kind, m.payload)
}
