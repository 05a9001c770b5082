#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: run.sh CASE...
# In the virtual machine: runs cases one after the other, their TAP joined to one.  A case is a
# script of this folder without its ".sh", or a program with its arguments, as one word.
set -u -o pipefail

here=$(dirname "$0")
total=0 bad=0

# one TAP line of our own
result() {
	total=$((total + 1))
	[ "$1" = ok ] || bad=$((bad + 1))
	echo "$1 $total - $2"
}

# join FILE: its results, numbered on
join() {
	local line
	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			total=$((total + 1))
			found=$((found + 1))
			case $line in
			not*) bad=$((bad + 1)) ;;
			esac
			# "not ok 7 - name": the number is replaced
			printf '%s %s\n' "${line%%[0-9]*}$total" "${line#*ok +([0-9]) }"
			;;
		"1.."*"SKIP"*) result ok "$2 # SKIP ${line#*SKIP}" ;;
		"1.."*) planned=${line#1..} ;;
		"#"*) printf '%s\n' "$line" ;;
		esac
	done <"$1"
}
shopt -s extglob

run() {
	local case=$1 command start=$SECONDS status=0 before tainted planned found bad_before
	command=$case
	[ ! -x "$here/$case.sh" ] || command=$here/$case.sh
	before=$(cat /proc/sys/kernel/tainted)
	# shellcheck disable=SC2086 # a program and its arguments
	CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent $command >/tmp/case.tap 2>/tmp/case.err || status=$?
	planned='' found=0 bad_before=$bad
	join /tmp/case.tap "$case"
	if ! grep -q '^1\.\..*SKIP' /tmp/case.tap && [ "$planned" != "$found" ]; then
		result "not ok" "$case: $found results, its plan says ${planned:-nothing}; status $status"
	elif [ $status -ne 0 ] && [ $bad -eq "$bad_before" ]; then
		result "not ok" "$case: ended with $status"
	fi
	[ ! -s /tmp/case.err ] || sed "s/^/# $case: /" /tmp/case.err | tail -n 20
	tainted=$(cat /proc/sys/kernel/tainted)
	[ "$before" = "$tainted" ] || result "not ok" "$case: the kernel is tainted ($before, $tainted)"
	echo "# $case: $((SECONDS - start)) s"
}

for case in "$@"; do
	run "$case"
done
echo "1..$total"
[ $bad -eq 0 ]
