// SPDX-License-Identifier: MIT

package k8s

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	admission "k8s.io/kubernetes/pkg/apis/admissionregistration"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	admissionvalidation "k8s.io/kubernetes/pkg/apis/admissionregistration/validation"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/rbac"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	rbacvalidation "k8s.io/kubernetes/pkg/apis/rbac/validation"
	dra "k8s.io/kubernetes/pkg/apis/resource"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	dravalidation "k8s.io/kubernetes/pkg/apis/resource/validation"
)

// strict decodes as the API server does that is asked for strict field validation, with its
// defaults.
var strict = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)

// validate judges an object as the API server would.
func validate(t *testing.T, data []byte) field.ErrorList {
	t.Helper()
	object, _, err := strict.UniversalDecoder().Decode(data, nil, nil)
	if err != nil {
		t.Errorf("%v:\n%s", err, data)
		return nil
	}
	var options corevalidation.PodValidationOptions
	switch o := object.(type) {
	case *core.Namespace:
		return corevalidation.ValidateNamespace(o)
	case *core.ServiceAccount:
		return corevalidation.ValidateServiceAccount(o)
	case *core.Pod:
		o.Namespace = "default"
		return corevalidation.ValidatePodCreate(o, options)
	case *apps.DaemonSet:
		return append(appsvalidation.ValidateDaemonSet(o, options), unstartable(&o.Spec.Template.Spec)...)
	case *rbac.ClusterRole:
		return rbacvalidation.ValidateClusterRole(o, rbacvalidation.ClusterRoleValidationOptions{})
	case *rbac.ClusterRoleBinding:
		return rbacvalidation.ValidateClusterRoleBinding(o)
	case *admission.ValidatingAdmissionPolicy:
		return admissionvalidation.ValidateValidatingAdmissionPolicy(o)
	case *admission.ValidatingAdmissionPolicyBinding:
		return admissionvalidation.ValidateValidatingAdmissionPolicyBinding(o)
	case *dra.DeviceClass:
		return dravalidation.ValidateDeviceClass(o)
	case *dra.ResourceClaimTemplate:
		o.Namespace = "default"
		return dravalidation.ValidateResourceClaimTemplate(o)
	case *dra.ResourceSlice:
		return dravalidation.ValidateResourceSlice(o)
	}
	t.Errorf("nobody validates a %T", object)
	return nil
}

// unstartable finds what the API server takes and no runtime can start: it has to make a file at
// the path of the termination message, which is no use in a volume that is mounted to be read.
func unstartable(pod *core.PodSpec) (errs field.ErrorList) {
	for i := range pod.Containers {
		c := &pod.Containers[i]
		path, holder := c.TerminationMessagePath, core.VolumeMount{}
		for _, mount := range c.VolumeMounts {
			if strings.HasPrefix(path, strings.TrimSuffix(mount.MountPath, "/")+"/") &&
				len(mount.MountPath) > len(holder.MountPath) {
				holder = mount
			}
		}
		if path == "" || holder.ReadOnly {
			errs = append(errs, field.Invalid(field.NewPath("terminationMessagePath"), path,
				"cannot be made in "+holder.Name))
		}
	}
	return errs
}

// documents are the objects of a file with YAML.
func documents(t *testing.T, text string) (objects [][]byte) {
	t.Helper()
	decoder := yaml.NewYAMLToJSONDecoder(strings.NewReader(text))
	for {
		var object runtime.RawExtension
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object.Raw) > 0 {
			objects = append(objects, object.Raw)
		}
	}
}

func source(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(os.Getenv("SOURCE"), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

const quickstart = "doc/quickstart-kubernetes.md"

// yamlBlocks are the files in the quickstart, by their names.
func yamlBlocks(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, block := range yamlBlock.FindAllStringSubmatch(source(t, quickstart), -1) {
		name, _, _ := strings.Cut(block[1], "\n")
		found[strings.TrimPrefix(name, "# ")] = block[1]
	}
	return found
}

// What users apply is what the API server takes.
func TestManifests(t *testing.T) {
	texts := map[string]string{}
	for _, name := range []string{"examples/k8s-device-plugin/daemonset.yaml",
		"examples/k8s-dra-driver/daemonset.yaml"} {
		texts[name] = source(t, name)
	}
	maps.Copy(texts, yamlBlocks(t))
	if len(texts) != 7 {
		t.Error(len(texts), "texts")
	}
	kinds := map[string]int{}
	for name, text := range texts {
		for _, object := range documents(t, text) {
			var head struct{ APIVersion, Kind string }
			if err := json.Unmarshal(object, &head); err != nil {
				t.Fatal(name, err)
			}
			kinds[head.Kind]++
			if strings.HasPrefix(head.APIVersion, "kubevirt.io/") {
				continue // whose types are not at hand
			}
			if errs := validate(t, object); len(errs) > 0 {
				t.Errorf("%s: %v", name, errs)
			}
		}
	}
	for kind, want := range map[string]int{"DaemonSet": 2, "Pod": 2, "ResourceClaimTemplate": 1,
		"DeviceClass": 1, "ClusterRole": 2, "VirtualMachineInstance": 2} {
		if kinds[kind] != want {
			t.Errorf("%d of %s", kinds[kind], kind)
		}
	}
	// and what it does not take is found
	for _, text := range []string{
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"container":[]}}`,
		`{"apiVersion":"v1","kind":"Pods"}`} {
		if _, _, err := strict.UniversalDecoder().Decode([]byte(text), nil, nil); err == nil {
			t.Error(text)
		}
	}
	for name, text := range texts {
		if !strings.HasSuffix(name, "daemonset.yaml") {
			continue
		}
		const line = "terminationMessagePath: /termination-log"
		objects := documents(t, strings.Replace(text, line, "", 1))
		errs := validate(t, objects[len(objects)-1])
		if len(errs) != 1 || strings.Count(text, line) != 1 {
			t.Errorf("%s without %s: %v", name, line, errs)
		}
	}
	empty := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[]}}`
	if errs := validate(t, []byte(empty)); len(errs) == 0 {
		t.Error("a pod without containers")
	}
}

// What the DRA driver publishes is what the API server takes, of every board.
func TestSlices(t *testing.T) {
	for _, arguments := range []string{"--host emu:l40,l40s,a40,rtx6000-ada,l4,a16,t4",
		"--host emu:l40?framework=mdev --compatibility-groups", "--host emu:a40?framework=vendor-vfio"} {
		out, err := exec.Command(os.Getenv("DRA_DRIVER"), append(strings.Fields(arguments),
			"--node", "worker", "--list")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Items []runtime.RawExtension }
		if err := json.Unmarshal(out, &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Items) < 4 {
			t.Error(len(list.Items), "slices")
		}
		for _, item := range list.Items {
			if errs := validate(t, item.Raw); len(errs) > 0 {
				t.Errorf("%s: %v", arguments, errs[0])
			}
		}
	}
}
