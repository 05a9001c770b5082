#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What configuring says when a binding is not wanted or cannot be built: without a word of the
# user it goes on and tells, with one (-Dpython=enabled) it ends.
# shellcheck source=tests/packaging/common.sh
. "$SRCDIR/tests/packaging/common.sh"

# setup PATH OPTION...: configures; what it says goes to $work/said
setup() {
	rm -rf "$work/build"
	PATH=$1 meson setup "$work/build" "$SRCDIR" "${@:2}" >"$work/said" 2>&1
}

said() {	# said TEXT
	grep -qF "$1" "$work/said" || {
		cat "$work/said"
		fail "configuring does not say \"$1\""
	}
}

possible() {	# possible Python|Go: this machine builds the binding when nothing is in the way
	if [ "$1" = Python ]; then
		[ -n "$HAS_PYTHON" ]
	else
		[ -n "$HAS_GO" ]
	fi
}

made() {	# made Python|Go: the build that was configured makes the binding
	meson introspect --targets "$work/build" | grep -q "/bindings/${1,,}/"
}

# goes_on PATH REASON MISSING OPTION...: succeeds, without the bindings MISSING and with the other
goes_on() {
	local reason=$2 missing=$3 language
	echo "== without ${missing/ / and }: $reason"
	setup "$1" "${@:4}" || {
		cat "$work/said"
		fail "configuring fails"
		return
	}
	for language in Python Go; do
		if [[ $missing == *$language* ]]; then
			! made "$language" || fail "the $language binding is made"
			said "no $language binding: $reason"
		elif possible "$language"; then
			made "$language" || fail "the $language binding is left out too"
		fi
	done
}

# ends PATH REASON Python|Go: fails, as that binding was asked for
ends() {
	echo "== $3 demanded: $2"
	! setup "$1" "-D${3,,}=enabled" || fail "configuring succeeds"
	said "the $3 binding cannot be built: $2"
}

# All commands of this machine but two; each of these alone; older ones.
mkdir "$work/neither" "$work/swig" "$work/go" "$work/old-swig" "$work/old-go"
IFS=: read -r -a directories <<<"$PATH"
for directory in "${directories[@]}"; do
	cp -sn "$directory"/* "$work/neither" 2>/dev/null || :
done
rm -f "$work"/neither/swig* "$work/neither/go"
for command in swig go; do
	! path=$(command -v "$command") || ln -s "$path" "$work/$command/$command"
done
printf '#!/bin/sh\nprintf "\\nSWIG Version 4.0.2\\n"\n' >"$work/old-swig/swig"
printf '#!/bin/sh\necho go1.19.8\n' >"$work/old-go/go"
chmod +x "$work/old-swig/swig" "$work/old-go/go"
no_swig=$work/go:$work/neither
old_swig=$work/old-swig:$no_swig
no_go=$work/swig:$work/neither
old_go=$work/old-go:$no_go

goes_on "$PATH" disabled Python -Dpython=disabled
goes_on "$PATH" disabled Go -Dgo=disabled
goes_on "$no_swig" "swig was not found" "Python Go"
ends "$no_swig" "swig was not found" Python
ends "$no_swig" "swig was not found" Go
goes_on "$old_swig" "swig is older than 4.1" "Python Go"
if command -v swig >/dev/null; then
	goes_on "$no_go" "go was not found" Go
	ends "$no_go" "go was not found" Go
	goes_on "$old_go" "Go 1.19.8 is older than 1.24" Go
	ends "$old_go" "Go 1.19.8 is older than 1.24" Go
fi
exit "$failed"
