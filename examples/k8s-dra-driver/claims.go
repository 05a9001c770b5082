// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"strings"
	"time"

	resourceapi "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"kubernetes/k8s/node"
)

// claimsEvery is how many intervals there are between questions for claims: each claim is one to
// the API server.
const claimsEvery = 6

// holderOf is how the claim of a lease is found again.
func holderOf(claim *resourceapi.ResourceClaim) string { return claim.Namespace + "/" + claim.Name }

// claimOf is the uid of the claim that a lease is for.
func claimOf(lease *node.Lease) types.UID {
	uid, _, _ := strings.Cut(lease.Key, "/")
	return types.UID(uid)
}

// followClaims asks the API server now and then for the claims that have vGPUs, and destroys those
// of claims that are over: a kubelet that has lost what it knew never unprepares them.
func (d *driver) followClaims(ctx context.Context, client kubernetes.Interface) {
	tick := time.NewTicker(claimsEvery * d.options.interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.askClaims(ctx, client)
		}
	}
}

func (d *driver) askClaims(ctx context.Context, client kubernetes.Interface) {
	d.mutex.Lock()
	before, leases := d.prepares, d.node.Leases()
	d.mutex.Unlock()
	over := make(map[types.UID]bool)
	for i := range leases {
		claim := claimOf(&leases[i])
		if _, asked := over[claim]; asked || leases[i].Holder == "" {
			continue
		}
		ended, err := isOver(ctx, client, leases[i].Holder, claim)
		if err != nil {
			if ctx.Err() == nil {
				d.told.Warn("the claims", err)
			}
			return
		}
		over[claim] = ended
	}
	d.told.Well("the claims")
	d.releaseOver(over, before)
}

// isOver reports whether a claim is gone, or no pod has it any more.
func isOver(ctx context.Context, client kubernetes.Interface, holder string, uid types.UID) (
	bool, error) {
	namespace, name, _ := strings.Cut(holder, "/")
	claim, err := client.ResourceV1().ResourceClaims(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return claim.UID != uid || len(claim.Status.ReservedFor) == 0, nil
}

// releaseOf is what is told of when the vGPUs of a claim that is over cannot be destroyed.
func releaseOf(claim types.UID) string { return "the release of claim " + string(claim) }

// releaseOver destroys the vGPUs of claims that are over; one that is in use stays until it is not.
// before: how many claims had been prepared when the question was put.  Where it is more by now, a
// claim may have a pod again, and the next answer will say.
func (d *driver) releaseOver(over map[types.UID]bool, before uint64) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.prepares != before {
		return
	}
	for uid, ended := range over {
		if !ended {
			continue
		}
		if err := d.release(uid); err != nil {
			d.told.Warn(releaseOf(uid), err)
		}
		d.poke()
	}
}
