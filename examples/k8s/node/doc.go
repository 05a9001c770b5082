// SPDX-License-Identifier: MIT

/*
Package node is what the Kubernetes programs share: the vGPUs of one node, made when a pod needs
them and destroyed when it is gone.

A [Node] tells what its GPUs can still give ([Node.Look]), and keeps leases: [Node.Acquire] makes a
vGPU for somebody, [Node.Release] destroys it.  A [Lease] is written to disk before its vGPU is
made and taken off the disk after it is gone, so that a program that is killed at any moment
neither loses nor doubles one; [Node.Recover] tidies up at the next start.

Only what a lease says is ever destroyed, and of that only what still has this program as its
owner.
*/
package node
