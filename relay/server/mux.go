package server

import (
	"fmt"
	"net/http"
	"strings"
)

// publicMux serves what is no WebSocket on the public port: the publish API, a text at the root for people with a
// browser or curl, and 404 for all else. Paths are taken as they are: nothing is cleaned or redirected, so that no
// spelling of a path reaches what another does not.
func publicMux(publish http.Handler, websocket string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/publish" || strings.HasPrefix(path, "/publish/"):
			publish.ServeHTTP(w, r)
		case path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			greet(w, websocket)
		default:
			notFound(w)
		}
	})
}

func greet(w http.ResponseWriter, websocket string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, `This is an event relay.

Publish:    POST /publish/TOPIC with a JSON body
Subscribe:  WebSocket at %s?topic=TOPIC
`, websocket)
}

// notFound answers as RFC 9457 has it, as the publish API does.
func notFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintln(w, `{"title":"Not Found","status":404,"detail":"events go to POST /publish or /publish/TOPIC"}`)
}
