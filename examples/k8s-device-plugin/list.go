// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"

	"kubernetes/k8s/node"
)

// listed is a device as --list shows it.
type listed struct {
	Resource string  `json:"resource"`
	Device   string  `json:"device"`
	GPU      string  `json:"gpu"`
	NUMANode *int    `json:"numa_node"`
	State    string  `json:"state"` // "free", "allocated", "unhealthy", "unavailable"
	UUID     *string `json:"uuid"`  // null: there is no vGPU
}

// printList prints what the plugin would offer now, and on standard error what GPUs give nothing.
func printList(o options, out, trouble io.Writer) error {
	settings := node.Options{URI: o.host, State: o.state, Owner: owner, ReadOnly: true}
	if _, err := os.Stat(o.state); errors.Is(err, fs.ErrNotExist) {
		settings.State = ""
	}
	n, err := node.Open(settings)
	if err != nil {
		return err
	}
	defer n.Close()
	gpus, err := n.Look(false)
	if err != nil {
		return err
	}
	for i := range gpus {
		if gpus[i].Err != nil {
			fmt.Fprintln(trouble, node.Explain(gpus[i].Err))
		} else if _, text := gpus[i].Trouble(); text != "" {
			fmt.Fprintf(trouble, "%s: %s\n", gpus[i].Address, text)
		}
	}
	leases := n.Leases()
	rows := rowsOf((&lister{o.types}).list(gpus, leases, nil, nil), leases)
	if o.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(rows)
	}
	return printTable(rows, out)
}

func rowsOf(list resourceList, leases []node.Lease) []listed {
	rows := []listed{}
	uuids := make(map[string]*string)
	for i := range leases {
		uuids[leases[i].Key] = &leases[i].UUID
	}
	for _, name := range list.names() {
		for _, d := range list[name] {
			id, err := parseDeviceID(d.ID)
			if err != nil {
				continue
			}
			uuid := uuids[d.ID]
			row := listed{Resource: name, Device: d.ID, GPU: id.gpu, State: stateOf(d, uuid != nil),
				UUID: uuid}
			if numa := numaNode(d); numa >= 0 {
				row.NUMANode = &numa
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// printTable has a line for each resource of each GPU.
func printTable(rows []listed, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "RESOURCE\tGPU\tCAPACITY\tALLOCATED\tFREE")
	for i := 0; i < len(rows); {
		first, states := rows[i], make(map[string]int)
		begin := i
		for ; i < len(rows) && rows[i].Resource == first.Resource && rows[i].GPU == first.GPU; i++ {
			states[rows[i].State]++
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\n", first.Resource, first.GPU, i-begin,
			states[stateAllocated]+states[stateUnhealthy], states[stateFree])
	}
	return w.Flush()
}
