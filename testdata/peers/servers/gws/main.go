// gws serves a broadcast with github.com/lxzan/gws and its Broadcaster, which encodes a frame once for all sockets.
package main

import (
	"log"
	"net/http"

	"github.com/lxzan/gws"

	"relaypeers/servers/contract"
)

type handler struct {
	gws.BuiltinEventHandler
	topics contract.Topics[*gws.Conn]
}

func main() {
	log.Fatal(gws.NewServer(&handler{}, &gws.ServerOption{
		PermessageDeflate: gws.PermessageDeflate{Enabled: contract.Deflate()},
		Authorize: func(r *http.Request, session gws.SessionStorage) bool {
			session.Store("topic", r.URL.Query().Get("topic")) // none on /publish
			return true
		},
	}).Run(contract.Addr()))
}

func topicOf(socket *gws.Conn) string {
	topic, _ := socket.Session().Load("topic")
	return topic.(string)
}

func (h *handler) OnOpen(socket *gws.Conn) {
	if topic := topicOf(socket); topic != "" {
		h.topics.Join(topic, socket)
	}
}

func (h *handler) OnClose(socket *gws.Conn, _ error) { h.topics.Leave(topicOf(socket), socket) }

func (h *handler) OnPing(socket *gws.Conn, payload []byte) { _ = socket.WritePong(payload) }

func (h *handler) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	topic, payload := contract.Route(topicOf(socket), message.Bytes())
	b := gws.NewBroadcaster(message.Opcode, payload)
	defer b.Close()
	h.topics.Each(topic, func(c *gws.Conn) { _ = b.Broadcast(c) })
}
