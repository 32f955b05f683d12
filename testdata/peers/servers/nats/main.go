// nats runs nats-server as a library with its WebSocket listener: clients speak the NATS protocol in WebSocket frames.
package main

import (
	"log"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"relaypeers/servers/contract"
)

func main() {
	host, portText, err := net.SplitHostPort(contract.Addr())
	if err != nil {
		log.Fatal(err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		log.Fatal(err)
	}
	s, err := server.NewServer(&server.Options{
		DontListen:   true, // for plain NATS
		NoSigs:       false,
		PingInterval: time.Hour, // the load client speaks WebSocket only
		Websocket: server.WebsocketOpts{
			Host:         host,
			Port:         port,
			NoTLS:        true,
			Compression:  contract.Deflate(),
			PingInterval: time.Hour,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	s.ConfigureLogger()
	s.Start()
	s.WaitForShutdown()
}
