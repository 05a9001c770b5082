// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long the directory has to be quiet: a kubelet that starts removes all sockets and
// then makes its own.
const settle = 100 * time.Millisecond

// watchKubelet calls changed when sockets have come or gone in the kubelet's directory.  What the
// channel brings is why that cannot go on.
func watchKubelet(ctx context.Context, directory string, changed func()) (<-chan error, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := watcher.Add(directory); err != nil {
		watcher.Close()
		return nil, fmt.Errorf("%s cannot be watched: %w; next: see that a kubelet runs here, or "+
			"name its directory with --kubelet-dir", directory, err)
	}
	failed := make(chan error, 1)
	go func() {
		defer watcher.Close()
		failed <- relay(ctx, watcher, directory, changed)
	}()
	return failed, nil
}

func relay(ctx context.Context, watcher *fsnotify.Watcher, directory string, changed func()) error {
	quiet := time.NewTimer(time.Hour)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, ok := <-watcher.Events:
			if !ok || event.Name == directory && event.Has(fsnotify.Remove|fsnotify.Rename) {
				return fmt.Errorf("%s is gone", directory)
			}
			if event.Has(fsnotify.Create | fsnotify.Remove) {
				quiet.Reset(settle)
			}
		case err := <-watcher.Errors:
			if err != nil { // events were lost: look at everything
				quiet.Reset(settle)
			}
		case <-quiet.C:
			changed()
		}
	}
}
