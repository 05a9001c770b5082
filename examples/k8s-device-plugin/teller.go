// SPDX-License-Identifier: MIT

package main

import (
	"log/slog"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"

	"kubernetes/k8s/node"
)

// teller says what is wrong, in the log and in events of the Kubernetes node, and says it once: not
// again before it has become something else, or well.
type teller struct {
	log      *slog.Logger
	recorder record.EventRecorder // nil: no events
	node     *corev1.ObjectReference

	mutex sync.Mutex
	last  map[string]string // by object: what is wrong
}

func newTeller(log *slog.Logger) *teller {
	return &teller{log: log, last: make(map[string]string)}
}

// news reports whether that was not said last of the object.
func (t *teller) news(object, text string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.last[object] == text {
		return false
	}
	t.last[object] = text
	return true
}

// warn says that something has failed.
func (t *teller) warn(object string, err error) {
	text := node.Explain(err)
	if t.news(object, text) {
		t.log.Warn(text, "object", object)
		t.record(corev1.EventTypeWarning, node.Cause(err), object+": "+text)
	}
}

// note says that something is as it is, which somebody may have wanted.
func (t *teller) note(object, reason, text string) {
	if t.news(object, text) {
		t.log.Info(text, "object", object, "reason", reason)
		t.record(corev1.EventTypeNormal, reason, object+": "+text)
	}
}

// well says that nothing is wrong with an object any more.
func (t *teller) well(object string) {
	t.mutex.Lock()
	_, had := t.last[object]
	delete(t.last, object)
	t.mutex.Unlock()
	if had {
		t.log.Info("well again", "object", object)
		t.record(corev1.EventTypeNormal, "Recovered", object+" is well again")
	}
}

// event says what has happened, each time.
func (t *teller) event(reason, text string) {
	t.log.Warn(text, "reason", reason)
	t.record(corev1.EventTypeWarning, reason, text)
}

func (t *teller) record(kind, reason, text string) {
	if t.recorder != nil {
		t.recorder.Event(t.node, kind, reason, text)
	}
}
