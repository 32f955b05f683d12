package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"eventrelay/plugins"
	"eventrelay/relay/server"
)

const serveHelp = `serve runs the relay. What it does is in relay.yaml; without one, it listens on 127.0.0.1:8080 and filters nothing.
Environment variables override the file (RELAY_LISTEN, RELAY_WEBSOCKET_DRIVER, …), and flags the environment.

Signals:
  SIGHUP           reload the file and the filters; what can't be used changes nothing, and the log says why
  SIGTERM, SIGINT  stop: take nothing more, deliver what was accepted, tell the clients, exit 0
                   a second one: stop at once, exit code 143 or 130

While it runs: /healthz, /readyz, /metrics and /debug/pprof/ on the admin address.`

func (a *app) serveCmd() *cobra.Command {
	var f configFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the relay",
		Long:  serveHelp,
		Example: `  relay serve
  relay serve -c /etc/relay/relay.yaml
  relay serve --listen 127.0.0.1:9000 --log.level debug
  kill -HUP $(pidof relay)      # reload`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			signals := make(chan os.Signal, 4) // never closed
			signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
			defer signal.Stop(signals)
			return a.serve(cmd.Context(), &f, signals)
		},
	}
	f.register(cmd)
	return cmd
}

// serve runs until a signal ends it.
func (a *app) serve(ctx context.Context, f *configFlags, signals <-chan os.Signal) error {
	cfg, err := f.load(a)
	if err != nil {
		return a.configError(err)
	}
	log, level := newLogger(a.err, cfg.Log)
	srv, err := server.Open(ctx, cfg, log, server.WithLevel(level), server.WithWatch())
	if err != nil {
		return explainOpen(err)
	}
	newGreeting(a.self, srv.Addr(), cfg).show(a, log)
	return runDaemon(ctx, srv, log, signals)
}

// explainOpen gives a filter that cannot be loaded the exit code of a wrong configuration.
func explainOpen(err error) error {
	if _, ok := errors.AsType[*plugins.LoadError](err); ok {
		return &exitError{exitUsage, err}
	}
	return err
}
