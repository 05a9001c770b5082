# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Our modules for one kernel, and the tree of modules that the VM sees.  Sourced after
# common.sh and enter.sh.

# What Debian has as modules and the VM, our modules or programs of a root need; what a kernel
# has built in or lacks is passed over.
KERNEL_MODULES="virtio_pci 9p 9pnet_virtio overlay virtio_rng configfs
vfio vfio_pci vfio_iommu_type1 mdev iommufd irqbypass tun loop fuse kunit mtty"

# source_files DIRECTORY: without what a build leaves there
source_files() {
	(cd "$1" && find . -type f ! -name '.*' ! -name '*.o' ! -name '*.ko' ! -name '*.mod' \
		! -name '*.mod.c' ! -name Module.symvers ! -name modules.order)
}

# sources_into FROM TO: brings TO up to date and prints what changed; other files keep their
# time, so that make builds only what it has to
sources_into() {
	local from=$1 to=$2 file
	mkdir -p "$to"
	source_files "$from" | while read -r file; do
		cmp -s "$from/$file" "$to/$file" && continue
		mkdir -p "$to/${file%/*}"
		cp "$from/$file" "$to/$file"
		echo "$file"
	done
	source_files "$to" | while read -r file; do
		[ -e "$from/$file" ] && continue
		rm "$to/$file"
		echo "$file"
	done
}

# make_modules KERNEL SOURCE [ROOT]: in that root, or here.  A Makefile takes KDIR; a Kbuild alone
# will do too.
make_modules() {
	local enter=() arguments=(-C "$2" "KDIR=$1/headers")
	[ -z "${3-}" ] || enter=(in_root "$3")
	[ -f "$2/Makefile" ] || arguments=(-C "$1/headers" "M=$2")
	${enter[@]+"${enter[@]}"} make -j "$(nproc)" "${arguments[@]}" \
		CONFIG_DEBUG_INFO_BTF_MODULES= W=1 modules
}

# build_modules KERNEL KMOD DIRECTORY: KMOD built in DIRECTORY/kmod, its output in
# DIRECTORY/modules.log; nothing is done when nothing changed
build_modules() {
	local kernel=$1 kmod=$2 directory=$3 log=$3/modules.log release changed said packages root=
	release=$(cat "$kernel/release")
	[ -f "$kmod/Makefile" ] || [ -f "$kmod/Kbuild" ] ||
		die "$kmod: no Makefile and no Kbuild" "next: --kmod DIR, or --modules \"\" for none of ours"
	changed=$(sources_into "$kmod" "$directory/kmod"
		sources_into "$TOP/include/uapi" "$directory/include/uapi")
	if [ -z "$changed" ] && [ "$(cat "$directory/built" 2>/dev/null)" = "$kernel $kmod" ]; then
		return
	fi
	rm -f "$directory/built"
	if [ -f "$kernel/root" ]; then
		read -r -a packages <"$kernel/root"
		root=$("$VM/root.sh" "${packages[@]}") || exit
	fi
	say "building modules for $release"
	make_modules "$kernel" "$directory/kmod" "$root" >"$log" 2>&1 </dev/null || {
		said=$(grep -A 3 -E ': (fatal )?error:|ERROR: modpost|undefined' "$log" | head -n 40)
		die "modules do not build for $release" "${said:-$(tail -n 15 "$log")}" "all output: $log"
	}
	said=$(grep -A 3 -E ': warning:|WARNING: modpost' "$log")
	[ -z "$said" ] || printf '%s\n' "$said" >&2
	echo "$kernel $kmod" >"$directory/built"
}

# module_files KERNEL NAME...: the files, below KERNEL/modules, of modules and what they depend on
module_files() {
	local kernel=$1
	shift
	awk -v names="$*" '
	function name(path) { gsub(/.*\/|\.ko.*/, "", path); gsub(/-/, "_", path); return path }
	{
		sub(/:$/, "", $1)
		file[name($1)] = $1
		depends[name($1)] = $0
	}
	END {
		n = split(names, wanted, /[ \t\n]+/)
		for (i = 1; i <= n; i++) {
			k = wanted[i]; gsub(/-/, "_", k)
			if (!(k in file)) continue
			m = split(depends[k], parts, " ")
			for (j = 1; j <= m; j++) if (!seen[parts[j]]++) print parts[j]
		}
	}' "$kernel/modules/modules.dep"
}

# module_tree KERNEL DIRECTORY OURS NAME...: what modprobe wants, below DIRECTORY: the modules that
# were built in OURS, if any, and the modules NAME... of the kernel
module_tree() {
	local kernel=$1 directory=$2 ours=$3 release tree built needs file
	shift 3
	release=$(cat "$kernel/release")
	tree=$directory/lib/modules/$release
	rm -rf "$directory"
	mkdir -p "$tree/updates" || exit "$FAILED"
	needs=$KERNEL_MODULES
	mapfile -t built < <([ -z "$ours" ] || find "$ours" -name '*.ko')
	if [ ${#built[@]} -gt 0 ]; then
		cp "${built[@]}" "$tree/updates/"
		needs+=" $(modinfo -F depends "${built[@]}" | tr ',' ' ')"
	fi
	# shellcheck disable=SC2086 # words
	module_files "$kernel" $needs "$@" | while read -r file; do
		mkdir -p "$tree/${file%/*}"
		case $file in
		*.xz) xz -dc "$kernel/modules/$file" >"$tree/${file%.xz}" ;;
		*.zst) zstd -qdc "$kernel/modules/$file" >"$tree/${file%.zst}" ;;
		*) cp "$kernel/modules/$file" "$tree/$file" ;;
		esac || exit "$FAILED"
	done || exit
	cp "$kernel"/modules/modules.builtin* "$kernel/modules/modules.order" "$tree/"
	depmod -b "$directory" "$release" || die "depmod failed for $tree"
}
