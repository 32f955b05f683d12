package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"eventrelay/relay"
)

// plugins lets operators look after the filters.
type plugins struct{ control relay.PluginControl }

func (p plugins) list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(p.control.Plugins()) // a peer that went away misses it
}

// quarantine writes what clients sent: it is no page, and no browser should take it for one.
func (p plugins) quarantine(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", `attachment; filename="quarantine.ndjson"`)
	err := p.control.Quarantine(r.URL.Query().Get("name"), func(line []byte) { _, _ = w.Write(line) })
	if err != nil {
		w.Header().Del("Content-Disposition")
		pluginError(w, err)
	}
}

func (p plugins) rollback(w http.ResponseWriter, r *http.Request) {
	if err := p.control.Rollback(r.Context(), r.URL.Query().Get("name")); err != nil {
		pluginError(w, err)
		return
	}
	writeText(w, http.StatusOK, "rolled back\n")
}

func pluginError(w http.ResponseWriter, err error) {
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(err, relay.ErrNoPlugin):
		status = http.StatusNotFound
	case errors.Is(err, relay.ErrNoPrevious):
		status = http.StatusConflict
	case errors.Is(err, relay.ErrClosed):
		status = http.StatusServiceUnavailable
	}
	http.Error(w, err.Error(), status)
}
