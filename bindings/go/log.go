// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"context"
	"log/slog"
	"runtime/cgo"

	"nvvgpu/internal/swig"
)

// The levels of the C library.
const (
	logWarning int32 = 1
	logInfo    int32 = 2
	logDebug   int32 = 3
)

// SetLog has the library tell what it does on this host, in as much detail as logger is enabled
// at the moment; nil: nothing, which is also the beginning.
//
// The handler is called by the goroutine whose call the line is about.  It may use the host; what
// it does itself is not told.  A panic in it ends the program.
func (h *Host) SetLog(logger *slog.Logger) error {
	level := levelOf(logger)
	return h.obj.call(func(c swig.Host) int64 {
		if level == 0 {
			return swig.Set_log(c, logWarning, 0)
		}
		logger := logger.With("host", h.uri)
		return swig.Set_log(c, level, cgo.NewHandle(swig.LogFunc(func(level int32, line string) {
			defer mustNotPanic()
			logger.Log(context.Background(), slogLevel(level), line)
		})))
	})
}

// levelOf is 0 when nothing is wanted.
func levelOf(logger *slog.Logger) int32 {
	if logger == nil {
		return 0
	}
	for level := logDebug; level > 0; level-- {
		if logger.Enabled(context.Background(), slogLevel(level)) {
			return level
		}
	}
	return 0
}

func slogLevel(level int32) slog.Level {
	switch level {
	case logWarning:
		return slog.LevelWarn
	case logInfo:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

// mustNotPanic: a panic that ran on through the frames of C would leave them half done, with
// locks held; in a goroutine of its own nobody can recover it.
func mustNotPanic() {
	if p := recover(); p != nil {
		go panic(p)
		select {}
	}
}
