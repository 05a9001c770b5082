// SPDX-License-Identifier: MIT

// Package kubevirt checks the quickstart's objects of KubeVirt against KubeVirt's own types.  It is
// a module of its own, so that nothing else needs KubeVirt's.
package kubevirt

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubevirt "kubevirt.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// decode takes what KubeVirt has a field for, of the right type, and nothing else.
func decode(text string) (kind string, err error) {
	var head metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &head); err != nil {
		return "", err
	}
	if head.APIVersion != kubevirt.GroupVersion.String() {
		return "", nil
	}
	scheme := runtime.NewScheme()
	if err := kubevirt.AddToScheme(scheme); err != nil {
		return head.Kind, err
	}
	object, err := scheme.New(kubevirt.GroupVersion.WithKind(head.Kind))
	if err != nil {
		return head.Kind, err
	}
	return head.Kind, yaml.UnmarshalStrict([]byte(text), object)
}

func TestObjects(t *testing.T) {
	const document = "doc/quickstart-kubernetes.md"
	data, err := os.ReadFile(filepath.Join(os.Getenv("SOURCE"), document))
	if err != nil {
		t.Fatal(err)
	}
	kinds := make(map[string]int)
	for _, block := range yamlBlock.FindAllStringSubmatch(string(data), -1) {
		kind, err := decode(block[1])
		if err != nil {
			t.Errorf("%v:\n%s", err, block[1])
		}
		kinds[kind]++
	}
	if kinds["KubeVirt"] != 1 || kinds["VirtualMachineInstance"] != 2 {
		t.Error(kinds)
	}
	for _, text := range []string{"kind: VirtualMachines", "kind: VirtualMachineInstance\nspecs: {}",
		"kind: VirtualMachineInstance\nspec: {domain: {devices: {gpus: [{name: 1}]}}}"} {
		if _, err := decode("apiVersion: kubevirt.io/v1\n" + text); err == nil {
			t.Error("taken:", text)
		}
	}
}
