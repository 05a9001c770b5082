# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Packages of suites that this machine does not list: an apt configuration of our own in the
# cache, with the machine's mirrors.  Nothing is installed.  Sourced after common.sh.

APT=$CACHE/apt

# what the kernels and roots come from; a mirror may lack some
ARCHIVE_SUITES="bookworm bookworm-backports trixie trixie-backports"
SECURITY_SUITES="bookworm-security trixie-security"

# mirror KIND: URI of the machine's sources, KIND is archive or security; apt itself reads both
# forms of source lists
mirror() {
	# shellcheck disable=SC2016 # variables of apt
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v kind="$1" '{
			security = $2 ~ /-security$|\/updates$/
			archive = $2 ~ /^(bookworm|trixie|forky|sid|(old)?stable|testing|unstable)$/
		}
		kind == "security" && security || kind == "archive" && archive { print $1; exit }'
}

# sources: the lines of sources.list
sources() {
	local archive security suite option='' keys=/usr/share/keyrings/debian-archive-keyring.gpg
	archive=$(mirror archive)
	security=$(mirror security)
	[ -n "$archive" ] || die "no Debian mirror in this machine's apt sources" \
		"next: list one, or put the kernels into $CACHE/kernels by hand"
	[ ! -e "$keys" ] || option="[signed-by=$keys] "
	for suite in $ARCHIVE_SUITES; do
		echo "deb $option$archive $suite main"
	done
	[ -n "$security" ] || return 0
	for suite in $SECURITY_SUITES; do
		echo "deb $option$security $suite main"
	done
}

# apt_prepare [--refresh]: the configuration, and the package lists, at most a day old: a mirror
# drops a version when there is a newer one
apt_prepare() {
	local lines
	[ "${1-}" = --refresh ] || [ -z "$(find "$APT/ready" -mtime -1 2>/dev/null)" ] || return 0
	lines=$(sources) || exit
	mkdir -p "$APT/lists/partial" "$APT/archives/partial" || exit "$FAILED"
	echo "$lines" >"$APT/sources.list"
	# packages are for a look inside only, so the machine's hooks have nothing to do
	cat >"$APT/apt.conf" <<END
Dir::Etc::sourcelist "$APT/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$APT";
Dir::State::status "$APT/status";
Dir::Cache "$APT";
Dir::Cache::pkgcache "pkgcache.bin";
APT::Sandbox::User "$(id -un)";
APT::Architecture "amd64";
#clear APT::Update;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::Contents-deb;
END
	: >"$APT/status"
	say "reading the package lists"
	# a suite that a mirror lacks is an error to apt, not to us: what is not found is told later
	apt-get -q -c "$APT/apt.conf" update >"$APT/update.log" 2>&1
	[ -n "$(package_names '^linux-image-.*-amd64$')" ] ||
		die "apt: no package lists could be read" "$(grep '^[EW]:' "$APT/update.log")" \
			"next: see that apt-get update works, with the network and mirrors it has"
	touch "$APT/ready"
}

# package_names PATTERN: what apt offers
package_names() {
	apt-cache -c "$APT/apt.conf" search --names-only "$1" | awk '{ print $1 }'
}

# package_depends NAME: one name a line, without versions
package_depends() {
	apt-cache -c "$APT/apt.conf" show --no-all-versions "$1" |
		sed -n 's/^Depends: //p' | tr ',' '\n' | awk '{ print $1 }'
}

# package_unpack DIRECTORY PACKAGE[=VERSION]...
package_unpack() {
	local directory=$1 debs deb
	shift
	debs=$(mktemp -d "$APT/archives/XXXXXX") || exit "$FAILED"
	say "downloading $*"
	if ! (cd "$debs" && apt-get -q -c "$APT/apt.conf" download "$@") >"$debs/log" 2>&1; then
		grep '^E:' "$debs/log" >&2
		rm -rf "$debs"
		return 1
	fi
	mkdir -p "$directory"
	for deb in "$debs"/*.deb; do
		# not dpkg-deb -x: it wants the owners, which only root can set
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$directory" --no-same-owner -xf - || return 1
	done
	rm -rf "$debs"
}
