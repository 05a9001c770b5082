// SPDX-License-Identifier: MIT

package node

import (
	"errors"
	"strings"

	"nvvgpu"
)

// Explain renders an error as the text of a Kubernetes event: what failed on which object, the
// stable reason, and what to do next.
func Explain(err error) string {
	var e *nvvgpu.Error
	if errors.As(err, &e) && e.Next != "" {
		return err.Error() + "; next: " + e.Next
	}
	return err.Error()
}

// Cause returns the reason code of an error in the form that Kubernetes has for reasons of events:
// "EqualSize" for equal-size.
func Cause(err error) string {
	var e *nvvgpu.Error
	if !errors.As(err, &e) {
		return "Failed"
	}
	return CamelCase(e.Reason)
}

// CamelCase returns a reason code in the form that Kubernetes has for reasons of events.
func CamelCase(reason nvvgpu.Reason) string {
	var name strings.Builder
	for part := range strings.SplitSeq(reason.String(), "-") {
		if part != "" {
			name.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return name.String()
}
