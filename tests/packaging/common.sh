# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scripts of this directory share.  From meson come SRCDIR, BUILDDIR and PYTHON, the
# interpreter that the binding is built for.
set -eu -o pipefail

here=$SRCDIR/tests/packaging
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# nothing of the build directory, of the user or of the machine's packages helps
unset LD_LIBRARY_PATH PYTHONPATH DESTDIR
export PYTHONDONTWRITEBYTECODE=1

fail() {
	echo "FAILED: $*"
	# shellcheck disable=SC2034 # the scripts end with it
	failed=1
}

# run WHAT COMMAND...: its output only when it fails
run() {
	local what=$1
	shift
	"$@" >"$work/log" 2>&1 || {
		cat "$work/log"
		echo "FAILED: $what"
		exit 1
	}
}

# copy_source DIRECTORY: the source files alone, as they are now
copy_source() {
	mkdir "$1"
	(
		cd "$SRCDIR"
		if git rev-parse --git-dir >/dev/null 2>&1; then
			git ls-files --cached --others --exclude-standard --deduplicate
		else
			find . -name 'build*' -prune -o -type f -printf '%P\n'
		fi
	) | while IFS= read -r file; do
		[ ! -e "$SRCDIR/$file" ] || echo "$file"	# one that is deleted but not committed
	done >"$work/sources"
	tar -C "$SRCDIR" -cf - -T "$work/sources" | tar -C "$1" -xf -
}

# contents [GREP ARGUMENT...]: the lines of contents.txt for this interpreter and version
contents() {
	local suffix
	suffix=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
	sed -e '/^#/d' -e "s/@VERSION@/$VERSION/" -e "s/@SUFFIX@/$suffix/" "$here/contents.txt" |
		grep "$@" | LC_ALL=C sort
}

# files_in DIRECTORY: its files and links, from there
files_in() {
	(cd "$1" && find . ! -type d -printf '%P\n' | LC_ALL=C sort)
}
