package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"eventrelay/relay/config"
)

// settle is how long files must be left alone before they are read: a module is written in many pieces.
const settle = 250 * time.Millisecond

// watcher reloads when a file of the configuration changes. It watches directories, since editors and deployments put a
// new file in the place of the old one, and compares contents, since what changes in a directory is mostly not ours.
type watcher struct {
	// Set at open.
	log    *slog.Logger
	reload func(context.Context) error
	fs     *fsnotify.Watcher
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu    sync.Mutex
	files []string // guarded by mu
	// Owned by the watcher's goroutine after open.
	seen [sha256.Size]byte
}

// watch begins to watch, if that was asked for.
func (s *Server) watch() error {
	w := s.watcher
	if w == nil {
		return nil
	}
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		s.watcher = nil
		return fmt.Errorf("watch files: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.log, w.reload, w.fs, w.cancel = s.log, s.ReloadFile, fs, cancel
	s.rewatch()
	w.seen = w.fingerprint()
	w.wg.Go(func() { w.run(ctx) })
	return nil
}

// rewatch watches the files of the running configuration.
func (s *Server) rewatch() {
	if s.watcher != nil {
		s.watcher.follow(watched(s.Config()))
	}
}

// watched lists the files that c was made of.
func watched(c *config.Config) (files []string) {
	for _, f := range []string{c.File(), c.Auth.PublishKeysFile, c.Auth.SubscribeTokensFile} {
		if f != "" {
			files = append(files, filepath.Clean(f))
		}
	}
	for _, f := range c.Filters {
		if f.File() == "" { // its code is in relay.yaml, or ships with relay
			continue
		}
		files = append(files, filepath.Clean(f.File()))
	}
	return files
}

// follow watches the directories of files, and no longer those that it does not need.
func (w *watcher) follow(files []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = files
	var dirs []string
	for _, f := range files {
		dirs = append(dirs, filepath.Dir(f))
	}
	for _, d := range w.fs.WatchList() {
		if !slices.Contains(dirs, d) {
			_ = w.fs.Remove(d)
		}
	}
	for _, d := range dirs {
		if err := w.fs.Add(d); err != nil && !errors.Is(err, fsnotify.ErrClosed) {
			w.log.Warn("changes of files will not be noticed; SIGHUP reloads", "directory", d, "err", err)
		}
	}
}

// concerns reports whether an event may have changed one of the files. Kubernetes swaps the link ..data beside them.
func (w *watcher) concerns(e fsnotify.Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := filepath.Clean(e.Name)
	return e.Op != fsnotify.Chmod && (filepath.Base(name) == "..data" || slices.Contains(w.files, name))
}

func (w *watcher) run(ctx context.Context) {
	timer := time.NewTimer(settle)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-w.fs.Events:
			if !ok {
				return
			}
			if w.concerns(e) {
				timer.Reset(settle)
			}
		case err, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			// Events were lost: what changed is not known, so look.
			w.log.Warn("watch files", "err", err)
			timer.Reset(settle)
		case <-timer.C:
			w.look(ctx)
		}
	}
}

// look reloads if a file has another content than when it last looked.
func (w *watcher) look(ctx context.Context) {
	now := w.fingerprint()
	if now == w.seen {
		return
	}
	w.seen = now // what changes from here on brings another event
	if err := w.reload(ctx); err != nil && !errors.Is(err, ErrDraining) {
		w.log.Error("a changed file was not put in force", "err", err)
	}
}

// fingerprint sums the contents of the files. One that can't be read counts as such.
func (w *watcher) fingerprint() (sum [sha256.Size]byte) {
	w.mu.Lock()
	files := slices.Clone(w.files)
	w.mu.Unlock()
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q ", f)
		h.Write(contentSum(f))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// contentSum returns the sum of a regular file's content, or nil. Others are not opened: a pipe would wait for a writer.
func contentSum(name string) []byte {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil
	}
	return h.Sum(nil)
}

func (w *watcher) close() error {
	if w.fs == nil {
		return nil
	}
	w.cancel()
	err := w.fs.Close()
	w.wg.Wait()
	return err
}
