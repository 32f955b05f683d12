package main

import (
	"github.com/spf13/cobra"
)

const rootHelp = `relay takes events over HTTP, runs each through sandboxed WebAssembly filters, and fans them out to
WebSocket clients.

Start it, then, in other terminals, listen and publish:

  relay serve
  relay subscribe 'orders.>'
  relay publish orders.new '{"item":"tea"}'

` + exitTable

func (a *app) rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:           "relay",
		Short:         "A self-hosted event relay with WebAssembly filters",
		Long:          rootHelp,
		SilenceUsage:  true, // a run-time error is no reason to recite the usage
		SilenceErrors: true, // report prints them
		PersistentPreRun: func(*cobra.Command, []string) {
			a.began = true
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, // ours is documented better
	}
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(a.serveCmd(), a.checkCmd(), a.publishCmd(), a.subscribeCmd(), a.benchCmd(), a.pluginCmd(), a.versionCmd(),
		a.completionCmd())
	return root
}
