#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What pip makes of the source: a source distribution, a wheel of it, and that wheel in a clean
# virtual environment.  Nothing comes from a network: the build backend is the machine's.
# shellcheck source=tests/packaging/common.sh
. "$SRCDIR/tests/packaging/common.sh"

for module in mesonpy pip venv; do
	"$PYTHON" -c "import $module" 2>/dev/null || {
		echo "$PYTHON has no module $module"
		exit 77
	}
done
command -v git >/dev/null || {
	echo "git is not installed"
	exit 77
}
pip_options=(--quiet --no-index --no-deps --disable-pip-version-check --no-cache-dir)

echo "== source distribution"
copy_source "$work/source"
cd "$work/source"
# meson makes it from a commit
export GIT_CONFIG_GLOBAL=/dev/null
git init -q .
git add -A
git -c user.name=packaging -c user.email=packaging@localhost commit -q -m source
git ls-files | LC_ALL=C sort >"$work/wanted"
run "the source distribution" "$PYTHON" -c \
	'import mesonpy, sys; mesonpy.build_sdist(sys.argv[1])' "$work"
tar -C "$work" -xf "$work/nvvgpu-$VERSION.tar.gz"
files_in "$work/nvvgpu-$VERSION" | grep -vx PKG-INFO | diff "$work/wanted" - ||
	fail "the source distribution differs from the source"
grep -x "Version: $VERSION" "$work/nvvgpu-$VERSION/PKG-INFO" || fail "PKG-INFO has no version"

echo "== wheel, made of it"
cd "$work/nvvgpu-$VERSION"
run "the wheel" "$PYTHON" -m pip wheel "${pip_options[@]}" --no-build-isolation \
	--wheel-dir "$work/wheels" .
cd /
wheels=("$work"/wheels/*)
wheel=${wheels[0]}
basename "$wheel"
[ ${#wheels[@]} -eq 1 ] || fail "more than one wheel: ${wheels[*]}"
"$PYTHON" "$here/wheel.py" "$wheel" "$VERSION" >"$work/names" || fail "the wheel's metadata"
contents '' | diff - "$work/names" || fail "the wheel's contents are not those of contents.txt"

echo "== extension module"
mkdir "$work/unpacked"
"$PYTHON" -m zipfile -e "$wheel" "$work/unpacked"
extension=$(find "$work/unpacked" -name '*.so')
exported=$(nm -D --defined-only "$extension" | awk '{ print $NF }' | grep -v '^_\(init\|fini\)$')
[ "$exported" = PyInit__nvvgpu ] || fail "the extension exports $exported"
readelf -d "$extension" >"$work/dynamic"
! grep -E 'R(UN)?PATH|NEEDED.*nvvgpu' "$work/dynamic" || fail "the extension is not self-contained"

echo "== clean virtual environment"
"$PYTHON" -m venv "$work/venv"
venv=$work/venv/bin/python
site=$("$venv" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
(cd "$work/venv" && find . | LC_ALL=C sort) >"$work/before"
run "pip install" "$venv" -m pip install "${pip_options[@]}" "$wheel"
"$venv" -I "$here/smoke.py" "$VERSION" "$site" inside || fail "the package does not work"
"$venv" -I -c 'import sys, importlib.metadata as m; sys.exit(m.version("nvvgpu") != sys.argv[1])' \
	"$VERSION" || fail "the installed version is not $VERSION"
run "pip uninstall" "$venv" -m pip uninstall --quiet --yes nvvgpu
(cd "$work/venv" && find . | LC_ALL=C sort) | diff "$work/before" - || fail "uninstall leaves files"

echo "== editable"
if "$PYTHON" -c 'import mesonpy; mesonpy.build_editable' 2>/dev/null; then
	"$PYTHON" -m venv --system-site-packages "$work/editable"
	run "pip install -e" "$work/editable/bin/python" -m pip install "${pip_options[@]}" \
		--no-build-isolation -e "$work/source"
	"$work/editable/bin/python" -c 'import nvvgpu; nvvgpu.open("emu:").gpus' ||
		fail "the editable package does not work"
else
	echo "this version of meson-python has none"
fi
exit "$failed"
