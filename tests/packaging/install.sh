#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `meson install` makes of the bindings: in a DESTDIR, as a packager does it, and below a
# prefix of its own, from where the build system removes it again.
# shellcheck source=tests/packaging/common.sh
. "$SRCDIR/tests/packaging/common.sh"

option() {	# option BUILD NAME: value of a build option
	meson introspect --buildoptions "$1" | "$PYTHON" -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == sys.argv[1]))' "$2"
}

# check_python BUILD ROOT: the installed package; ROOT is put before all paths
check_python() {
	local prefix libdir library extension directory place
	prefix=$(option "$1" prefix)
	libdir=$2$prefix/$(option "$1" libdir)
	library=$libdir/libnvvgpu.so.0
	extension=$(find "$2$prefix" -name '_nvvgpu*.so')
	[ -e "$extension" ] || {
		fail "not one extension module is installed: $extension"
		return
	}
	directory=$(dirname "$(dirname "$extension")")
	files_in "$directory/nvvgpu" | sed 's|^|nvvgpu/|' >"$work/names"
	contents ^nvvgpu/ | diff - "$work/names" || fail "other files than in a wheel are installed"
	# the interpreter has to look there, when it looks anywhere below that prefix
	place=${directory#"$2"}
	"$PYTHON" -c 'import os, site, sys
prefix, place = sys.argv[1:]
own = [p for p in site.getsitepackages() if os.path.commonpath([p, prefix]) == prefix]
sys.exit(bool(own) and place not in own)' "$prefix" "$place" ||
		fail "$place is not a directory that $PYTHON searches"
	if [ "$prefix" = /usr ]; then	# no run path: it is where the loader looks
		export LD_LIBRARY_PATH=$libdir
	fi
	(cd / && PYTHONPATH=$directory "$PYTHON" "$here/smoke.py" "$VERSION" "$directory" "$library") ||
		fail "the package in $directory does not work"
	unset LD_LIBRARY_PATH
}

# check_go BUILD ROOT: a program of another module, with the installed one and its library
check_go() {
	local prefix libdir module
	prefix=$(option "$1" prefix)
	libdir=$2$prefix/$(option "$1" libdir)
	module=$2$prefix/$(option "$1" datadir)/gocode/src/nvvgpu
	# the module that the build directory has, without its tests
	files_in "$BUILDDIR/bindings/go" | grep -E '(\.(go|c|h)|^go\.mod)$' |
		grep -v '_test\.go$' |
		diff - <(files_in "$module") || fail "the installed Go module has other files"
	mkdir "$work/program"
	cat >"$work/program/go.mod" <<-END
		module program
		go 1.24
		require nvvgpu v0.0.0
		replace nvvgpu => $module
	END
	cat >"$work/program/main.go" <<-'END'
		package main

		import (
			"fmt"
			"nvvgpu"
			"os"
		)

		func main() {
			host, err := nvvgpu.Open("emu:l40")
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			defer host.Close()
			gpus, err := host.GPUs()
			if err != nil || len(gpus) != 1 {
				fmt.Println(err, gpus)
				os.Exit(1)
			}
			fmt.Println("nvvgpu", nvvgpu.Version()+":", gpus[0].Name)
		}
	END
	(
		cd "$work/program"
		export PKG_CONFIG_PATH=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$2 LD_LIBRARY_PATH=$libdir
		export CGO_ENABLED=1 GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-mod=mod GOWORK=off
		go run . >"$work/said" 2>&1
	) || {
		cat "$work/said"
		fail "a Go program does not work with $module"
		return
	}
	cat "$work/said"
	grep -q "^nvvgpu $VERSION: NVIDIA L40\$" "$work/said" || fail "the Go program says something else"
}

echo "== a DESTDIR"
run "meson install" meson install -C "$BUILDDIR" --no-rebuild --destdir "$work/tree"
if [ -n "$HAS_PYTHON" ]; then
	check_python "$BUILDDIR" "$work/tree"
fi
if [ -n "$HAS_GO" ]; then
	check_go "$BUILDDIR" "$work/tree"
fi
if [ -z "$HAS_PYTHON" ]; then
	exit "$failed"
fi

echo "== a prefix of its own"
run "meson setup" meson setup "$work/build" "$SRCDIR" --prefix "$work/prefix" -Dpython=enabled \
	-Dgo=disabled -Dtests=disabled -Dfuzz=disabled -Dcli=false -Dexamples=false -Doptimization=0
run "ninja install" ninja -C "$work/build" install
check_python "$work/build" ""
run "ninja uninstall" ninja -C "$work/build" uninstall
! find "$work/prefix" ! -type d 2>/dev/null | grep . || fail "uninstall leaves files"
exit "$failed"
