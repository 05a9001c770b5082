#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every public header compiles alone, in C and in C++, with nothing to complain about; the
# driver's header in C.
#
# usage: headers-alone.sh SOURCE_ROOT CC [CXX]
set -eu -o pipefail

root=$1 cc=$2 cxx=${3:-}
strict=(-Wall -Wextra -Werror -pedantic -fsyntax-only "-I$root/include")
failed=0 compiled=0

# compile COMMAND LANGUAGE STANDARD HEADER
compile() {
	local command
	read -r -a command <<<"$1"
	compiled=$((compiled + 1))
	if ! printf '#include <%s>\n#include <%s>\n' "$4" "$4" |
		"${command[@]}" -x "$2" "-std=$3" "${strict[@]}" -; then
		echo "$4: does not compile alone as $3 with $1"
		failed=$((failed + 1))
	fi
}

for path in "$root"/include/nvvgpu/*.h; do
	header=nvvgpu/$(basename "$path")
	for standard in c99 c11 gnu17; do
		compile "$cc" c "$standard" "$header"
	done
	[ -n "$cxx" ] || continue
	for standard in c++11 c++17; do
		compile "$cxx" c++ "$standard" "$header"
	done
done
for standard in c99 c11 gnu17; do
	compile "$cc" c "$standard" uapi/nvvgpu.h
done

[ -n "$cxx" ] || echo "no C++ compiler: headers were compiled as C alone"
echo "$compiled compilations, $failed failed"
[ "$failed" -eq 0 ]
