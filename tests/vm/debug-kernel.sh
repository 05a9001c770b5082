#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
usage() {
	cat <<'END'
usage: tests/vm/debug-kernel.sh [--refresh]

Builds the debug kernel: Debian's linux-source-6.12 with tests/vm/debug.config, in a root of
trixie.  Prints a directory like that of tests/vm/kernels.sh.  It is kept in the cache for each
source and configuration; the first time takes about ten minutes of two processors, and 2.5 GB.

  --refresh   ask apt for a newer source
END
}

# shellcheck source=tests/vm/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/vm/apt.sh
. "$VM/apt.sh"
# shellcheck source=tests/vm/enter.sh
. "$VM/enter.sh"

SERIES=6.12
CONFIG=$VM/debug.config

# built: the newest that was built with this configuration
built() {
	local directory
	for directory in "$CACHE"/debug/*/; do
		if [ -f "$directory/release" ] && cmp -s "$directory/debug.config" "$CONFIG"; then
			echo "$(cat "$directory/version") ${directory%/}"
		fi
	done | sort -V | tail -n 1 | cut -d ' ' -f 2
}

# source_version: Debian's newest, not one that was made for an older Debian
source_version() {
	apt-cache -c "$APT/apt.conf" madison "linux-source-$SERIES" |
		awk '$3 !~ /~/ { print $3 }' | sort -V | tail -n 1
}

# differences BUILD: lines of the fragment that are not in the configuration that came of it
differences() {
	local line name
	while read -r line; do
		name=${line%%=*}
		case $line in
		'' | '#'*) ;;
		*=n) ! grep "^$name=" "$1/.config" ;;
		*) grep -qxF "$line" "$1/.config" || echo "$line" ;;
		esac
	done <"$CONFIG"
}

# run ROOT LOG COMMAND...: in the root, or the end of it
run() {
	local root=$1 log=$2
	shift 2
	in_root "$root" "$@" >>"$log" 2>&1 </dev/null ||
		die "the debug kernel: $* failed" "$(grep -E 'error|Error|\*\*\*' "$log" | tail -n 5)" \
			"all output: $log"
}

# build DIRECTORY VERSION: in place, since a build tree knows where it is; the file release, which
# comes last, says that it is whole
build() {
	local directory=$1 version=$2 root log=$1/log missing
	[ ! -f "$directory/release" ] || return 0
	# shellcheck disable=SC2086 # words
	root=$("$VM/root.sh" $BUILD_ROOT) || exit
	if [ ! -d "$directory/source" ]; then
		rm -rf "$directory"
		mkdir -p "$directory"
		package_unpack "$directory/package" "linux-source-$SERIES=$version" ||
			die "linux-source-$SERIES $version cannot be downloaded" \
				"next: tests/vm/debug-kernel.sh --refresh"
		say "unpacking the kernel's source"
		mkdir "$directory/source.new"
		tar -C "$directory/source.new" --strip-components=1 -xf "$directory"/package/usr/src/*.tar.xz ||
			die "the source of linux-source-$SERIES $version cannot be unpacked"
		mv "$directory/source.new" "$directory/source"
		rm -r "$directory/package"
	fi
	say "building the debug kernel, about 10 minutes (its output: $log)"
	cp "$CONFIG" "$directory/debug.config"
	echo "$version" >"$directory/version"
	local make=(nice make -C "$directory/source" "O=$directory/build" -j "$(nproc)")
	# what the fragment says nothing of: off, or the default where it was made possible by it
	run "$root" "$log" "${make[@]}" allnoconfig
	cat "$directory/debug.config" >>"$directory/build/.config"
	run "$root" "$log" "${make[@]}" olddefconfig
	missing=$(differences "$directory/build")
	[ -z "$missing" ] || die "lines of tests/vm/debug.config that Linux $version does not take:" "$missing"
	run "$root" "$log" "${make[@]}" bzImage modules
	run "$root" "$log" "${make[@]}" INSTALL_MOD_PATH="$directory" modules_install
	(
		cd "$directory" || exit
		ln -sfn build headers
		ln -sf build/arch/x86/boot/bzImage image
		ln -sfn lib/modules/* modules
		rm -f modules/build modules/source
		echo "$BUILD_ROOT" >root
		basename lib/modules/* >release
	) || exit "$FAILED"
}

# get [--refresh]
get() {
	local version key
	locked apt apt_prepare "${1-}" || exit
	version=$(source_version)
	[ -n "$version" ] || die "apt offers no linux-source-$SERIES of trixie" \
		"next: look at $APT/update.log"
	key=$({
		echo "$version"
		cat "$CONFIG"
	} | sha256sum | cut -c1-12)
	build "$CACHE/debug/$key" "$version"
}

refresh=
case ${1-} in
'') ;;
--refresh) refresh=$1 ;;
-h | --help)
	usage
	exit 0
	;;
*)
	usage >&2
	exit "$FAILED"
	;;
esac
if [ -n "$refresh" ] || [ -z "$(built)" ]; then
	need_commands apt-get dpkg-deb mmdebstrap flock
	locked debug-kernel get "$refresh" || exit
fi
built
