package broadcaster_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"eventrelay/broadcaster"
)

// The classic use: accept a socket in an HTTP handler, connect it, read until it closes, disconnect. Broadcast a value
// from anywhere else.
func Example() {
	b := broadcaster.New(broadcaster.Options{})
	defer b.Close()
	joined := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		client, err := b.Connect(conn)
		if err != nil {
			conn.Close()
			return
		}
		defer b.Disconnect(client)
		joined <- true
		for err == nil {
			_, err = wsutil.ReadClientText(conn)
		}
	}))
	defer server.Close()

	conn, _, _, err := ws.Dial(context.Background(), strings.Replace(server.URL, "http", "ws", 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	<-joined
	_, _ = b.Broadcast("orders.new", map[string]any{"id": 7, "total": 9})
	text, _ := wsutil.ReadServerText(conn)
	fmt.Println(string(text))
	// Output: {"id":7,"total":9}
}
