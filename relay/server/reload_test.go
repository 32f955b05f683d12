package server

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eventrelay/relay/config"
)

// Bounds of waiting for what nothing announces.
const (
	waitFor = 10 * time.Second
	tick    = 10 * time.Millisecond
)

func dropping(t *testing.T, value string) string {
	return fmt.Sprintf("filters: [{name: drop-%s, path: %q, config: {field: level, value: %s}, limits: {time: 5s}}]\n", value, sample(t, "dropfield"), value)
}

// rewrite puts text in place of the server's relay.yaml, as editors and deployments do.
func (r *running) rewrite(text string) {
	r.t.Helper()
	next := r.file + ".next"
	require.NoError(r.t, os.WriteFile(next, []byte(text), 0o600))
	require.NoError(r.t, os.Rename(next, r.file))
}

func TestServer_Reload(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		var level slog.LevelVar
		r := start(t, base(driver)+dropping(t, "debug"), WithLevel(&level))
		c := r.subscribe("topic=a")
		assert.Equal(t, "dropped", r.publish("a", `{"level":"debug"}`).Verdict)

		r.rewrite(base(driver) + dropping(t, "trace") + "log: {level: warn, format: json}\nauth: {publish_keys: [key-0123456789abcdef]}")
		require.NoError(t, r.ReloadFile(t.Context()))
		assert.Equal(t, slog.LevelWarn, level.Level())
		assert.Contains(t, r.logs.String(), "[log.format]", "what needs a restart is said")
		assert.Equal(t, 401, r.publish("a", `{"level":"debug"}`).status, "auth is in force")

		r.rewrite(base(driver) + dropping(t, "trace"))
		require.NoError(t, r.ReloadFile(t.Context()))
		assert.Equal(t, "accepted", r.publish("a", `{"level":"debug"}`).Verdict)
		dropped := r.publish("a", `{"level":"trace"}`)
		assert.Equal(t, "dropped", dropped.Verdict)
		assert.Equal(t, "drop-trace", dropped.Filter)
		assert.JSONEq(t, `{"level":"debug"}`, read(t, c), "the connection stands, and missed nothing that passed")
	})
}

func TestServer_BrokenReloadChangesNothing(t *testing.T) {
	r := start(t, base("auto")+dropping(t, "debug"))
	broken := filepath.Join(t.TempDir(), "broken.wasm")
	require.NoError(t, os.WriteFile(broken, []byte("\x00asm\x01\x00\x00\x00junk"), 0o600))
	for name, text := range map[string]string{
		"no YAML":           "listen: [",
		"unknown key":       base("auto") + "filterz: []",
		"empty":             "",
		"missing module":    base("auto") + "filters: [{name: x, path: none.wasm}]",
		"broken module":     base("auto") + fmt.Sprintf("filters: [{name: x, path: %q}]", broken),
		"refused config":    base("auto") + fmt.Sprintf("filters: [{name: x, path: %q, config: {nonsense: 1}}]", sample(t, "dropfield")),
		"one good, one bad": base("auto") + "auth: {publish_keys: [key-0123456789abcdef]}\nfilters: [{name: x, path: none.wasm}]",
		"missing keys":      base("auto") + "auth: {publish_keys_file: none}",
	} {
		t.Run(name, func(t *testing.T) {
			r.rewrite(text)
			err := r.ReloadFile(t.Context())
			require.Error(t, err)
			assert.Contains(t, err.Error(), "stay")
			assert.Equal(t, "dropped", r.publish("a", `{"level":"debug"}`).Verdict)
		})
	}
	require.NoError(t, os.Remove(r.file))
	require.Error(t, r.ReloadFile(t.Context()), "a file that has gone")
	assert.Equal(t, "dropped", r.publish("a", `{"level":"debug"}`).Verdict)
}

// A file that is sound by itself may not be so at the address where the relay listens until it is restarted.
func TestServer_ReloadOpensNothing(t *testing.T) {
	const auth = "auth: {publish_keys: [key-0123456789abcdef], subscribe_tokens: [token-0123456789abcdef]}\n"
	for name, tc := range map[string]struct{ running, next string }{
		"listen":          {"listen: 0.0.0.0:0\n" + auth, "listen: 127.0.0.1:0\n"},
		"insecure_public": {"listen: 0.0.0.0:0\ninsecure_public: true\n", "listen: 127.0.0.1:0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			const rest = "admin: {listen: 127.0.0.1:0}\n"
			r := start(t, tc.running+rest)
			before := r.publish("a", "1").status
			r.rewrite(tc.next + rest)
			err := r.ReloadFile(t.Context())
			require.ErrorContains(t, err, "the running configuration stays")
			assert.ErrorContains(t, err, "0.0.0.0:0 is reachable from other machines")
			assert.ErrorContains(t, err, "a restart only")
			assert.Equal(t, before, r.publish("a", "1").status)
		})
	}
}

// eventually publishes until the verdict is the wanted one.
func (r *running) eventually(body, want string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return r.publish("a", body).Verdict == want }, waitFor, tick)
}

func TestServer_WatchesItsFiles(t *testing.T) {
	r := start(t, base("auto"), WithWatch())
	assert.Equal(t, "accepted", r.publish("a", `{"level":"debug"}`).Verdict)

	// relay.yaml begins to name a filter in another directory, relative to itself.
	dir := filepath.Join(filepath.Dir(r.file), "filters")
	require.NoError(t, os.Mkdir(dir, 0o700))
	copyFile(t, sample(t, "dropfield"), filepath.Join(dir, "f.wasm"))
	r.rewrite(base("auto") + "filters: [{name: f, path: filters/f.wasm, config: {field: level, value: debug}, limits: {time: 5s}}]")
	r.eventually(`{"level":"debug"}`, "dropped")

	// dropfield does not start without its configuration; when the module becomes another, that one does: split drops
	// arrays, and nothing else.
	r.rewrite(base("auto") + "filters: [{name: f, path: filters/f.wasm}]")
	require.Eventually(t, func() bool { return strings.Contains(r.logs.String(), "was not put in force") }, waitFor, tick)
	assert.Equal(t, "dropped", r.publish("a", `{"level":"debug"}`).Verdict)
	copyFile(t, sample(t, "split"), filepath.Join(dir, "f.wasm"))
	r.eventually(`[1, 2]`, "dropped")
	r.eventually(`{"level":"debug"}`, "accepted")
}

// TestServer_WatchesLinkedDirectories: Kubernetes mounts configuration as links into ..data, and swaps that link.
func TestServer_WatchesLinkedDirectories(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"v1": base("auto"), "v2": base("auto") + "log: {level: debug}"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "relay.yaml"), []byte(text), 0o600))
	}
	require.NoError(t, os.Symlink("v1", filepath.Join(dir, "..data")))
	file := filepath.Join(dir, "relay.yaml")
	require.NoError(t, os.Symlink(filepath.Join("..data", "relay.yaml"), file))
	c, err := config.Load(config.LoadOptions{Path: file})
	require.NoError(t, err)
	s, err := Open(t.Context(), c, slog.New(slog.DiscardHandler), WithWatch())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	require.NoError(t, os.Symlink("v2", filepath.Join(dir, "..next")))
	require.NoError(t, os.Rename(filepath.Join(dir, "..next"), filepath.Join(dir, "..data")))
	require.Eventually(t, func() bool { return s.Config().Log.Level == "debug" }, waitFor, tick)
}

// TestServer_WatchSaysWhatIsBroken: a file that was cut off keeps the filters, and the next good one is taken.
func TestServer_WatchSaysWhatIsBroken(t *testing.T) {
	r := start(t, base("auto")+dropping(t, "debug"), WithWatch())
	r.rewrite("")
	require.Eventually(t, func() bool { return strings.Contains(r.logs.String(), "is empty") }, waitFor, tick)
	r.rewrite(base("auto") + "filterz: []")
	require.Eventually(t, func() bool { return strings.Contains(r.logs.String(), "did you mean filters?") }, waitFor, tick)
	assert.Equal(t, "dropped", r.publish("a", `{"level":"debug"}`).Verdict)
	r.rewrite(base("auto"))
	r.eventually(`{"level":"debug"}`, "accepted")
}

func TestWatcher_IgnoresWhatIsNotOurs(t *testing.T) {
	r := start(t, base("auto"), WithWatch())
	w := r.Server.watcher
	was := w.fingerprint()
	for i := range 100 {
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(r.file), fmt.Sprintf("other-%d", i)), nil, 0o600))
	}
	require.NoError(t, os.Chtimes(r.file, time.Now(), time.Now()))
	assert.Equal(t, was, w.fingerprint())
	r.rewrite(base("auto") + "log: {level: debug}")
	assert.NotEqual(t, was, w.fingerprint())
	require.Eventually(t, func() bool { return r.Config().Log.Level == "debug" }, waitFor, tick)
}

func TestServer_ReloadWhileStopping(t *testing.T) {
	r := start(t, base("auto"))
	require.NoError(t, r.Close())
	require.ErrorIs(t, r.Reload(t.Context(), config.Default()), ErrDraining)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, data, 0o600))
}
