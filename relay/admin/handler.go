package admin

import (
	"net/http"
	"net/http/pprof"
	"strings"
	"time"
)

// handler routes by exact path: nothing is cleaned or redirected.
type handler struct {
	// Set at construction.
	routes  map[string]route
	control http.Handler
	hosts   hosts
	origins *http.CrossOriginProtection
}

// route is what one path serves. Method GET includes HEAD.
type route struct {
	method string
	serve  http.HandlerFunc
}

func newHandler(o Options, d Deps, begun time.Time) *handler {
	h := &handler{control: d.Control, hosts: newHosts(o.Listen), origins: http.NewCrossOriginProtection()}
	health := health{d.Ready}
	page := page{meters: d.Meters, health: health, begun: begun}
	h.routes = map[string]route{
		"/healthz":    {http.MethodGet, health.alive},
		"/readyz":     {http.MethodGet, health.ready},
		"/metrics":    {http.MethodGet, newMetrics(d.Meters, d.Log).ServeHTTP},
		"/":           {http.MethodGet, asset("index.html")},
		"/page.js":    {http.MethodGet, asset("page.js")},
		"/page.css":   {http.MethodGet, asset("page.css")},
		"/stats.json": {http.MethodGet, page.stats},
	}
	if d.Plugins != nil {
		plugins := plugins{d.Plugins}
		h.routes["/plugins"] = route{http.MethodGet, plugins.list}
		h.routes["/plugins/quarantine"] = route{http.MethodGet, plugins.quarantine}
		h.routes["/plugins/rollback"] = route{http.MethodPost, plugins.rollback}
	}
	if d.Reload != nil {
		h.routes["/reload"] = route{http.MethodPost, reload(d.Reload)}
	}
	return h
}

// ServeHTTP serves whom the checks let pass.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if !h.hosts.allow(r.Host) {
		http.Error(w, "this Host is not served; use the address itself or localhost", http.StatusForbidden)
		return
	}
	if err := h.origins.Check(r); err != nil {
		http.Error(w, "another site's page may not do this", http.StatusForbidden)
		return
	}
	h.find(r.URL.Path).handle(w, r)
}

// find returns the route of a path.
func (h *handler) find(path string) route {
	if rt, ok := h.routes[path]; ok {
		return rt
	}
	if name, ok := strings.CutPrefix(path, "/debug/pprof/"); ok {
		return route{http.MethodGet, profile(name)}
	}
	if h.control != nil && strings.HasPrefix(path, "/control/") {
		return route{"", h.control.ServeHTTP}
	}
	return route{"", http.NotFound}
}

// handle checks the method, if the route has one.
func (rt route) handle(w http.ResponseWriter, r *http.Request) {
	if rt.method == "" || r.Method == rt.method || rt.method == http.MethodGet && r.Method == http.MethodHead {
		rt.serve(w, r)
		return
	}
	allow := rt.method
	if allow == http.MethodGet {
		allow = "GET, HEAD"
	}
	w.Header().Set("Allow", allow)
	http.Error(w, "use "+allow, http.StatusMethodNotAllowed)
}

// profile serves one of the profiles. pprof.Index looks the others up by the path.
func profile(name string) http.HandlerFunc {
	switch name {
	case "cmdline": // arguments are the operator's business
		return http.NotFound
	case "profile":
		return pprof.Profile
	case "symbol":
		return pprof.Symbol
	case "trace":
		return pprof.Trace
	}
	return pprof.Index
}

// reload answers what became of a reload.
func reload(f func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := f(); err != nil {
			http.Error(w, "the running configuration stays: "+err.Error(), http.StatusUnprocessableEntity)
			return
		}
		writeText(w, http.StatusOK, "reloaded\n")
	}
}
