# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What in a kernel log makes a run fail.  Sourced after common.sh.

# Lines of Linux 6.1 to 7.x.  "Call Trace:" catches whatever dumps a stack under another name.
TROUBLE='WARNING:|\bBUG\b|Oops|general protection fault|double fault'
TROUBLE+='|Kernel panic|Call Trace:|KASAN|UBSAN:|ODEBUG:|kmemleak: .*(new suspected|detector disabled)'
TROUBLE+='|INFO: (possible|suspicious|task|rcu|lockdep|trying)|possible (circular|recursive)'
TROUBLE+='|suspicious RCU|inconsistent lock state|leaked|hung task|blocked for more than'
TROUBLE+='|soft lockup|hard LOCKUP|detected stalls|refcount_t:|(list_add|list_del) corruption'
TROUBLE+='|DMA-API:.*(error|not|leak|before|different)|scheduling while atomic|bad: scheduling'
TROUBLE+='|Bad page state|unchecked MSR access|nobody cared|held lock freed|bad unlock balance'

# kernel_trouble LOG: the lines of it, with those that follow; nothing for a good one
kernel_trouble() {
	tr -d '\r\000' <"$1" | grep -E -A 25 -e "$TROUBLE" | head -n 200
}
