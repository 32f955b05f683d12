// gorilla serves a broadcast with github.com/gorilla/websocket in the manner of its chat example, a reader, a writer and
// a queue for each client, but with prepared messages, which are encoded once for all.
package main

import (
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"relaypeers/servers/contract"
)

// queueSize and writeWait are the chat example's. Whose queue is full is cut off, as there.
const (
	queueSize = 256
	writeWait = 10 * time.Second
)

type client struct {
	conn  *websocket.Conn
	topic string                          // "" of a publisher
	send  chan *websocket.PreparedMessage // never closed
	once  sync.Once
	gone  chan struct{} // closed by cut
}

func (c *client) cut() {
	c.once.Do(func() {
		close(c.gone)
		c.conn.Close()
	})
}

var (
	topics   contract.Topics[*client]
	upgrader = websocket.Upgrader{
		ReadBufferSize:    1024,
		WriteBufferSize:   1024,
		WriteBufferPool:   &sync.Pool{},
		EnableCompression: contract.Deflate(),
	}
)

func main() {
	http.HandleFunc("/ws", serve)
	http.HandleFunc("/publish", serve)
	log.Fatal(http.ListenAndServe(contract.Addr(), nil))
}

func serve(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &client{
		conn:  conn,
		topic: r.URL.Query().Get("topic"),
		send:  make(chan *websocket.PreparedMessage, queueSize),
		gone:  make(chan struct{}),
	}
	// New goroutines, so that the memory of the handler's is freed.
	if c.topic != "" {
		topics.Join(c.topic, c)
		go c.write()
	}
	go c.read()
}

func (c *client) read() {
	defer func() {
		topics.Leave(c.topic, c)
		c.cut()
	}()
	for {
		kind, message, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		topic, payload := contract.Route(c.topic, message)
		prepared, err := websocket.NewPreparedMessage(kind, payload)
		if err != nil {
			return
		}
		topics.Each(topic, func(to *client) {
			select {
			case to.send <- prepared:
			default:
				to.cut()
			}
		})
	}
}

func (c *client) write() {
	defer c.cut()
	for {
		select {
		case m := <-c.send:
			_ = c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if c.conn.WritePreparedMessage(m) != nil {
				return
			}
		case <-c.gone:
			return
		}
	}
}
