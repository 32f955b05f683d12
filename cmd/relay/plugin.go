package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"eventrelay/relay"
)

const pluginHelp = `plugin makes, builds, tests and measures filters (new, build, test, bench, run, inspect), and looks after those of a running
relay, through its admin listener (list, quarantine, rollback).`

func (a *app) pluginCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Make, test and look after filters",
		Long:  pluginHelp,
		Example: `  relay plugin new nodebug --lang go
  relay plugin test nodebug
  relay plugin bench nodebug --against old.wasm
  relay plugin list
  relay plugin quarantine redact > broken.ndjson
  relay plugin replay broken.ndjson --filter redact.wasm
  relay plugin rollback redact
  relay plugin inspect redact.wasm -c relay.yaml`,
		Args: knownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
	}
	cmd.AddCommand(a.pluginListCmd(), a.pluginQuarantineCmd(), a.pluginRollbackCmd(), a.pluginReplayCmd(), a.pluginInspectCmd(),
		a.pluginNewCmd(), a.pluginBuildCmd(), a.pluginTestCmd(), a.pluginBenchCmd(), a.pluginRunCmd())
	return cmd
}

// knownVerb refuses a verb that there is not, which cobra would answer with help, and exit code 0.
func knownVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if found := cmd.SuggestionsFor(args[0]); len(found) > 0 {
		hint = fmt.Sprintf("; did you mean %s?", found[0])
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), hint)
}

func (a *app) pluginListCmd() *cobra.Command {
	admin, asJSON, ships := endpoint{admin: true}, false, false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the filters of a running relay: versions, breakers, failures; or those that ship with this one",
		Example: `  relay plugin list
  relay plugin list --json
  relay plugin list --shipped    # what may stand behind use: in a relay.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if ships {
				return a.printShipped(asJSON)
			}
			body, err := a.askAdmin(cmd.Context(), &admin, http.MethodGet, "/plugins", "")
			if err != nil {
				return err
			}
			defer body.Close()
			if asJSON {
				_, err := io.Copy(a.out, body)
				return err
			}
			var list []relay.PluginStatus
			if err := json.NewDecoder(body).Decode(&list); err != nil {
				return fmt.Errorf("read the answer: %w", err)
			}
			return a.printPlugins(list)
		},
	}
	admin.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	cmd.Flags().BoolVar(&ships, "shipped", false, "list the filters that ship with relay instead, with their configuration")
	return cmd
}

func (a *app) printPlugins(list []relay.PluginStatus) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tVERSION\tSHA256\tPREVIOUS\tBREAKER\tCALLS\tFAILURES\tQUARANTINED\tMEMORY")
	for _, p := range list {
		previous := "-"
		if p.Previous != nil {
			previous = fmt.Sprintf("%d (%.8s)", p.Previous.Number, p.Previous.SHA256)
		}
		if p.RolledBack {
			previous += " rolled back"
		}
		breaker := p.Breaker
		if p.HooksBreaker != "" && p.HooksBreaker != p.Breaker {
			breaker += ", of hooks " + p.HooksBreaker
		}
		fmt.Fprintf(w, "%s\t%d\t%.8s\t%s\t%s\t%d\t%d\t%d\t%v\n", p.Name, p.Running.Number, p.Running.SHA256, previous, breaker, p.Calls, p.Failures, p.Kept, relay.Size(p.Memory))
	}
	return w.Flush()
}

func (a *app) pluginQuarantineCmd() *cobra.Command {
	admin := endpoint{admin: true}
	cmd := &cobra.Command{
		Use:   "quarantine [NAME]",
		Short: "Print the events on which filters failed, one JSON object a line",
		Long: `quarantine prints the newest events on which a filter, or any, failed: the event as the filter saw it, the cause, the
functions that a trap went through, the fuel that was spent. How many are kept is in relay.yaml (quarantine).`,
		Example: `  relay plugin quarantine redact > broken.ndjson
  relay plugin replay broken.ndjson -c relay.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := a.askAdmin(cmd.Context(), &admin, http.MethodGet, "/plugins/quarantine", strings.Join(args, ""))
			if err != nil {
				return err
			}
			defer body.Close()
			_, err = io.Copy(a.out, body)
			return err
		},
	}
	admin.register(cmd.Flags())
	return cmd
}

func (a *app) pluginRollbackCmd() *cobra.Command {
	admin := endpoint{admin: true}
	cmd := &cobra.Command{
		Use:   "rollback NAME",
		Short: "Put the version of a filter that ran before in the place of the running one",
		Long: `rollback puts the version of a filter that ran before in the place of the running one, without dropping an event. The
version that is replaced stays out until its file or its settings change; a second rollback brings it back.`,
		Example: `  relay plugin rollback redact`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := a.askAdmin(cmd.Context(), &admin, http.MethodPost, "/plugins/rollback", args[0])
			if err != nil {
				return err
			}
			defer body.Close()
			fmt.Fprintf(a.out, "%s: rolled back\n", args[0])
			return nil
		},
	}
	admin.register(cmd.Flags())
	return cmd
}

// maxAdminError bounds how much of a refusal is shown.
const maxAdminError = 1024

// askAdmin sends one request about the filter of a name, which may be empty, and returns the body of an answer that is
// not an error.
func (a *app) askAdmin(ctx context.Context, e *endpoint, method, path, name string) (io.ReadCloser, error) {
	u, err := e.base(a)
	if err != nil {
		return nil, err
	}
	u.Path += path
	if name != "" {
		u.RawQuery = url.Values{"name": {name}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, fmt.Errorf("%s: %w; is the relay running, and is this its admin.listen?", u.Host, err)
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, nil
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, maxAdminError))
	if res.StatusCode == http.StatusNotFound && name == "" {
		return nil, fmt.Errorf("%s has no %s: it is no admin listener of a relay of this version", u.Host, path)
	}
	return nil, errors.New(printable(strings.TrimSpace(strings.Join([]string{name, string(said)}, ": "))))
}
