# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What examples/quickstart.sh and tests/run.sh share.  Set TOP to the source directory first.

# packages_of GROUP...: the names that packages.txt lists for these groups
packages_of() {
    for group in "$@"; do
        awk -v group="$group" '$1 == group { print $2 }' "$TOP/tests/packages.txt"
    done
}

# package_purpose NAME
package_purpose() {
    awk -v name="$1" '/^[^#]/ && $2 == name {
        $1 = $2 = ""; sub(/^ +/, ""); print; exit }' "$TOP/tests/packages.txt"
}

# package_installed NAME
package_installed() {
    # shellcheck disable=SC2016 # a format of dpkg-query, not of the shell
    case $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) in
    ?i*) return 0 ;;
    *) return 1 ;;
    esac
}

# need_packages GROUP...: says what is missing and installs it; who may not install is told
# the command, and the script ends with 3
need_packages() {
    if ! command -v dpkg-query >/dev/null; then
        echo "this is not a Debian system; provide the like of: $(packages_of "$@" | tr '\n' ' ')"
        return 0
    fi
    missing=
    for package in $(packages_of "$@"); do
        package_installed "$package" && continue
        echo "missing: $package ($(package_purpose "$package"))"
        missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "install with: sudo apt-get install --no-install-recommends$missing"
        exit 3
    fi
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # one word for each package
    if ! apt-get -qq update ||
        ! apt-get -qq -y install --no-install-recommends $missing >/dev/null; then
        echo "these packages could not be installed:$missing"
        exit 3
    fi
}

# configure BUILD [OPTION...]: sets the build directory up, or again when it exists
configure() {
    build=$1
    shift
    if [ -f "$build/build.ninja" ]; then
        [ $# -eq 0 ] || meson configure "$build" "$@"
    else
        meson setup "$build" "$TOP" "$@"
    fi
}
