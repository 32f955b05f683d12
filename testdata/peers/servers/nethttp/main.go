// nethttp takes events and does nothing with them: what net/http and json.Valid cost without a relay behind them.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"

	"relaypeers/servers/contract"
)

func main() {
	log.Fatal(http.ListenAndServe(contract.Addr(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || !json.Valid(body) {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"verdict":"accepted"}`)
	})))
}
