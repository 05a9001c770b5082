// SPDX-License-Identifier: MIT

// Package tell says what is wrong with a node's vGPUs, in the log and in events of the node.
package tell

import (
	"fmt"
	"log/slog"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"

	"kubernetes/k8s/node"
)

// Teller says what is wrong once: not again before it has become something else, or well.
//
// All its methods can be called from several goroutines at once.
type Teller struct {
	Log      *slog.Logger
	recorder record.EventRecorder // nil: no events
	node     *corev1.ObjectReference

	mutex sync.Mutex
	last  map[string]string // by object: what is wrong
}

// New returns one that writes into a log alone.
func New(log *slog.Logger) *Teller {
	return &Teller{Log: log, last: make(map[string]string)}
}

// ToNode has what is said become events of a node, too, as those of a component, until stop is
// called.
func (t *Teller) ToNode(client kubernetes.Interface, component, node string) (stop func()) {
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(
		&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	t.To(broadcaster.NewRecorder(scheme.Scheme,
		corev1.EventSource{Component: component, Host: node}), node)
	return broadcaster.Shutdown
}

// To has what is said become events of a node by way of a recorder.  Call it before anything is
// said.
func (t *Teller) To(recorder record.EventRecorder, node string) {
	t.recorder = recorder
	// as the kubelet's own events of a node: kubectl describe finds them by the name
	t.node = &corev1.ObjectReference{Kind: "Node", Name: node, UID: types.UID(node)}
}

// news reports whether that was not said last of the object.
func (t *Teller) news(object, text string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.last[object] == text {
		return false
	}
	t.last[object] = text
	return true
}

// Warn says that something has failed.
func (t *Teller) Warn(object string, err error) {
	text := node.Explain(err)
	if t.news(object, text) {
		t.Log.Warn(text, "object", object)
		t.record(corev1.EventTypeWarning, node.Cause(err), object+": "+text)
	}
}

// Note says that something is as it is, which somebody may have wanted.
func (t *Teller) Note(object, reason, text string) {
	if t.news(object, text) {
		t.Log.Info(text, "object", object, "reason", reason)
		t.record(corev1.EventTypeNormal, reason, object+": "+text)
	}
}

// Well says that nothing is wrong with an object any more.
func (t *Teller) Well(object string) {
	t.mutex.Lock()
	_, had := t.last[object]
	delete(t.last, object)
	t.mutex.Unlock()
	if had {
		t.Log.Info("well again", "object", object)
		t.record(corev1.EventTypeNormal, "Recovered", object+" is well again")
	}
}

// Event says what has happened, each time.
func (t *Teller) Event(reason, text string) {
	t.Log.Warn(text, "reason", reason)
	t.record(corev1.EventTypeWarning, reason, text)
}

// GPU says what is wrong with a GPU, or that it can give nothing at all, and why.
func (t *Teller) GPU(gpu *node.GPU) {
	object := "GPU " + gpu.Address
	switch reason, text := gpu.Trouble(); {
	case gpu.Err != nil:
		t.Warn(object, gpu.Err)
	case text != "":
		t.Note(object, node.CamelCase(reason), text)
	default:
		t.Well(object)
	}
}

// Leases says what is wrong with vGPUs that were made.
func (t *Teller) Leases(leases []node.Lease, troubles map[string]error) {
	for i := range leases {
		object := fmt.Sprintf("vGPU %s of %s", leases[i].UUID, leases[i].Key)
		if err := troubles[leases[i].Key]; err != nil {
			t.Warn(object, err)
		} else {
			t.Well(object)
		}
	}
}

func (t *Teller) record(kind, reason, text string) {
	if t.recorder != nil {
		t.recorder.Event(t.node, kind, reason, text)
	}
}
