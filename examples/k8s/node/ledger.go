// SPDX-License-Identifier: MIT

package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const ledgerVersion = 1

// ledger is the file with all leases.  It is replaced as a whole, so that it is never seen half
// written, whenever the program or the machine stops.
type ledger struct {
	path   string
	leases map[string]*Lease // by key
}

type ledgerFile struct {
	Version int               `json:"version"`
	Leases  map[string]*Lease `json:"leases"`
}

// openLedger reads the file, or begins an empty one when there is none.
func openLedger(path string) (*ledger, error) {
	l := &ledger{path: path, leases: make(map[string]*Lease)}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, l.save() // so that a directory that cannot be written is found out now
	}
	if err != nil {
		return nil, err
	}
	var file ledgerFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; next: restore it, or move it away, which "+
			"leaves the vGPUs that it lists to be destroyed by hand", path, err)
	}
	if file.Version != ledgerVersion {
		return nil, fmt.Errorf("%s has version %d, this program knows %d", path, file.Version,
			ledgerVersion)
	}
	for key, lease := range file.Leases {
		if lease == nil || lease.UUID == "" || lease.GPU == "" || lease.TypeID == 0 {
			return nil, fmt.Errorf("%s is damaged: the lease %q is not whole", path, key)
		}
		lease.Key = key
		l.leases[key] = lease
	}
	return l, nil
}

// put adds or replaces a lease; on the disk, too, when it returns nil.
func (l *ledger) put(lease Lease) error {
	old, had := l.leases[lease.Key]
	l.leases[lease.Key] = &lease
	err := l.save()
	if err != nil {
		delete(l.leases, lease.Key)
		if had {
			l.leases[lease.Key] = old
		}
	}
	return err
}

func (l *ledger) remove(key string) error {
	old, had := l.leases[key]
	if !had {
		return nil
	}
	delete(l.leases, key)
	err := l.save()
	if err != nil {
		l.leases[key] = old
	}
	return err
}

func (l *ledger) save() error {
	data, err := json.MarshalIndent(ledgerFile{ledgerVersion, l.leases}, "", "\t")
	if err != nil {
		return err
	}
	return replaceFile(l.path, append(data, '\n'))
}

// temporary is the name of a file while it is written: a pattern of [os.CreateTemp].
func temporary(path string) string { return filepath.Base(path) + ".*" }

// removeTemporaries removes what replaceFile has left when it was killed.
func removeTemporaries(path string) error {
	directory := filepath.Dir(path)
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	prefix := strings.TrimSuffix(temporary(path), "*")
	for _, entry := range entries {
		number, ok := strings.CutPrefix(entry.Name(), prefix)
		if !ok || strings.Trim(number, "0123456789") != "" || number == "" {
			continue
		}
		if err := os.Remove(filepath.Join(directory, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// replaceFile has either the old or the new content, whatever happens.
func replaceFile(path string, data []byte) error {
	directory := filepath.Dir(path)
	file, err := os.CreateTemp(directory, temporary(path))
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncDirectory(directory)
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// lockFile is for one program at a time, until it ends.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: another process has it: %w; next: end that one first", path, err)
	}
	return file, nil
}
