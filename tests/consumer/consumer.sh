#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a packager and a program that links the library meet: an installed tree, found by
# pkg-config alone, in C and in C++.
#
# SRCDIR and BUILDDIR come from meson.
set -eu -o pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
failed=0

fail() {
	echo "FAILED: $*"
	failed=1
}

option() {	# value of a build option: "/usr/local", "True"
	meson introspect --buildoptions "$BUILDDIR" |
		python3 -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == sys.argv[1]))' "$1"
}

echo "== install"
meson install -C "$BUILDDIR" --no-rebuild --quiet --destdir "$tree"
prefix=$(option prefix)
libdir=$tree$prefix/$(option libdir)
includedir=$tree$prefix/$(option includedir)

echo "== what is in the installed tree"
for header in "$SRCDIR"/include/nvvgpu/*.h; do
	cmp "$header" "$includedir/nvvgpu/$(basename "$header")" || fail "$header is not installed"
done
installed=$(find "$includedir" -name '*.h' -path '*/nvvgpu/*' | wc -l)
[ "$installed" -eq "$(find "$SRCDIR/include/nvvgpu" -name '*.h' | wc -l)" ] ||
	fail "headers that are not public are installed"
[ "$(readlink "$libdir/libnvvgpu.so")" = libnvvgpu.so.0 ] ||
	fail "libnvvgpu.so does not lead to libnvvgpu.so.0"
[ -e "$libdir/libnvvgpu.so.0" ] || fail "libnvvgpu.so.0 is not installed"
[ -e "$libdir/pkgconfig/nvvgpu.pc" ] || fail "nvvgpu.pc is not installed"
! find "$tree" -name '*.a' | grep . || fail "an internal static library is installed"
if [ "$(option cli)" = True ]; then
	[ -x "$tree$prefix/$(option bindir)/nvvgpu" ] || fail "the command is not installed"
	if [ "$(option man)" = True ]; then
		[ -e "$tree$prefix/$(option mandir)/man1/nvvgpu.1" ] || fail "no man page"
	fi
	if [ "$(option completion)" = True ]; then
		find "$tree" -path '*bash-completion/completions/nvvgpu' | grep -q . ||
			fail "no bash completion"
	fi
fi

echo "== pkg-config"
export PKG_CONFIG_PATH=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tree
unset PKG_CONFIG_LIBDIR
read -r -a flags <<<"$(pkg-config --cflags --libs nvvgpu)"
echo "${flags[*]}"
[ "$(pkg-config --modversion nvvgpu)" = 0.1.0 ] || fail "nvvgpu.pc names another version"
[ "$(pkg-config --libs-only-l nvvgpu | tr -d ' ')" = -lnvvgpu ] ||
	fail "a program would be linked to more than -lnvvgpu"

export LD_LIBRARY_PATH=$libdir
strict=(-Wall -Wextra -Werror -Wno-unused-parameter)

# build COMMAND LANGUAGE SOURCE PROGRAM
build() {
	"$1" "${strict[@]}" -x "$2" "$3" -o "$4" "${flags[@]}" || fail "$3 does not compile with $1"
}

compilers=(cc:c)
if command -v c++ >/dev/null; then
	compilers+=(c++:c++)
else
	echo "no C++ compiler: consumers are compiled as C alone"
fi

echo "== the README's example"
awk '/^```c$/ { on = 1; blocks++; next } /^```/ { on = 0 } on { print } END { exit blocks != 1 }' \
	"$SRCDIR/README.md" >"$work/readme.c" || fail "README.md must hold exactly one C example"
for entry in "${compilers[@]}"; do
	build "${entry%%:*}" "${entry#*:}" "$work/readme.c" "$work/readme"
	"$work/readme" emu:l40 >"$work/out" || fail "the README's example fails on emu:l40"
	[ -s "$work/out" ] || fail "the README's example says nothing"
done
cat "$work/out"

echo "== every public function links"
{
	echo '#include <nvvgpu/nvvgpu.h>'
	echo 'typedef void (*function)(void);'
	echo 'extern const function functions[];'
	echo 'const function functions[] = {'
	sed -n 's/^[[:space:]]*\(nvvgpu_[a-z0-9_]*\);.*/	(function)\1,/p' "$SRCDIR/lib/libnvvgpu.map"
	echo '};'
	echo 'int main(void) { return functions[0] ? 0 : 1; }'
} >"$work/linkage.c"
echo "$(grep -c '(function)' "$work/linkage.c") functions"
for entry in "${compilers[@]}"; do
	build "${entry%%:*}" "${entry#*:}" "$work/linkage.c" "$work/linkage"
	"$work/linkage" || fail "linkage: not all functions are there"
done

if [ "$(option cli)" = True ]; then
	echo "== the installed command"
	"$tree$prefix/$(option bindir)/nvvgpu" --host emu:l40 gpus || fail "nvvgpu gpus"
fi
exit "$failed"
