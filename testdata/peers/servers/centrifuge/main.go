// centrifuge serves channels with the library github.com/centrifugal/centrifuge, on which Centrifugo is built: its JSON
// protocol over /ws, one node in memory, without history and presence.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/centrifugal/centrifuge"

	"relaypeers/servers/contract"
)

func main() {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelError, LogHandler: logEntry})
	if err != nil {
		log.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
			done(centrifuge.SubscribeReply{}, nil)
		})
		client.OnPublish(func(_ centrifuge.PublishEvent, done centrifuge.PublishCallback) {
			done(centrifuge.PublishReply{}, nil)
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	http.Handle("/ws", centrifuge.NewWebsocketHandler(node, options()))
	go func() { log.Fatal(http.ListenAndServe(contract.Addr(), nil)) }()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	os.Exit(0) // node.Shutdown would say goodbye to each client
}

// options are those which the documentation recommends for many connections. Pings of the protocol are off, as the load
// client speaks WebSocket only.
func options() centrifuge.WebsocketConfig {
	o := centrifuge.WebsocketConfig{
		CheckOrigin:        func(*http.Request) bool { return true },
		ReadBufferSize:     512,
		WriteBufferSize:    512,
		UseWriteBufferPool: true,
		PingPongConfig:     centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1},
	}
	if contract.Deflate() {
		o.Compression = true
		o.CompressionLevel = 1
		o.CompressionPreparedMessageCacheSize = 16 << 20
	}
	return o
}

func logEntry(e centrifuge.LogEntry) { log.Println(e.Message, e.Fields) }
