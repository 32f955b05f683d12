// Package admin is the operators' listener: health, metrics, profiles, a status page, and the door to control. It only
// shows what the parts report as relay.Meter; it counts nothing of theirs and has no auth, so it belongs on loopback.
//
//	GET /healthz       200 while the process serves at all
//	GET /readyz        200 when the relay takes events and clients, else 503 and the reason
//	GET /metrics       Prometheus
//	GET /debug/pprof/  profiles
//	GET /, /stats.json the status page and what it shows
//	GET /plugins                        what each filter is and does
//	GET /plugins/quarantine?name=NAME   the events on which filters failed, as NDJSON; without a name, of all
//	POST /plugins/rollback?name=NAME    the version of a filter that ran before
//	POST /reload       reload, where the program allows it; /control/… likewise
//
// Open → Host and origin checked → route by exact path and method → Close. Names that point here through DNS rebinding
// are refused (see checkHost), and so are other sites' POSTs.
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"eventrelay/relay"
)

// Deps are what the admin listener shows and controls.
type Deps struct {
	// Meters are asked for their metrics at every scrape.
	Meters []relay.Meter
	// Ready returns why the relay takes no traffic, or nil. Nil: it always does.
	Ready func() error
	// Reload reloads what can change while running. Nil: /reload does not exist.
	Reload func() error
	// Plugins runs the filters. Nil: /plugins does not exist.
	Plugins relay.PluginControl
	// Control serves /control/…, with that prefix. Nil: it does not exist.
	Control http.Handler
	// Log receives what goes wrong.
	Log *slog.Logger
}

// Server is an open admin listener. It is safe for concurrent use. Forgetting Close leaks its listener and goroutine.
// A nil *Server is one that is off: its methods do nothing.
type Server struct {
	// Set at construction.
	listener net.Listener
	http     *http.Server
	end      context.CancelFunc // of all requests
	served   sync.WaitGroup
}

// Open listens and serves. With Listen "off" it opens nothing and returns nil.
func Open(o Options, d Deps) (*Server, error) {
	o = o.withDefaults()
	if o.Listen == off {
		return nil, nil
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, listenError(err)
	}
	ctx, end := context.WithCancel(context.Background())
	s := &Server{listener: l, end: end, http: newHTTP(ctx, newHandler(o, d, time.Now()), d.Log)}
	s.served.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.Log.Error("the admin listener ended", "err", err)
		}
	})
	return s, nil
}

// Addr returns the address that is listened on, or nil when it is off.
func (s *Server) Addr() net.Addr {
	if s == nil {
		return nil
	}
	return s.listener.Addr()
}

// Close stops listening, ends profiles that are being taken, and waits for requests until ctx or a second has passed.
func (s *Server) Close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	s.end()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close() // requests that do not end are cut
	}
	s.served.Wait()
	return err
}

// newHTTP bounds what a peer can hold: 16 KiB of headers, and time. A profile may take up to WriteTimeout.
func newHTTP(ctx context.Context, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// wsaAddrInUse is EADDRINUSE on Windows, where syscall has an invented value for it.
const wsaAddrInUse = syscall.Errno(10048)

// listenError says what to do about a port that is taken.
func listenError(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaAddrInUse) {
		return fmt.Errorf("%w: another program, perhaps another relay, has the address; stop it, or set admin.listen to another one or to off", err)
	}
	return err
}
