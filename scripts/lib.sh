# Shared by scripts/demo and scripts/test; sourced, not run. Debian 12 is what is tested.

build_packages="g++ cmake ninja-build pkg-config libdnnl-dev libhwy-dev librandom123-dev libcli11-dev
  nlohmann-json3-dev libfmt-dev libzip-dev zlib1g-dev ca-certificates"
test_packages="libgtest-dev libgmock-dev libhdf5-dev clang-format-14 chromium"
bench_packages="libbenchmark-dev"

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "installing packages needs root or sudo" >&2
        return 1
    fi
}

# install_missing PACKAGE…: asks the network only where something is missing. apt's own words go to a log.
install_missing() {
    command -v dpkg-query >/dev/null || fail "expected Debian (dpkg-query), got another system; it needs: $*"
    local package missing=""
    for package in "$@"; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
            missing="$missing $package"
        fi
    done
    [ -n "$missing" ] || return 0
    say "installing:$missing"
    mkdir -p build
    # shellcheck disable=SC2086  # a list of words
    if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
        >build/apt.log 2>&1; then
        tail -n 5 build/apt.log >&2
        say "could not install$missing (all that apt said is in build/apt.log)" >&2
        return 1
    fi
}

# page_tools [--with-tests]: npm, and the packages that the report page is built from. Where they cannot be had, the
# build goes on without the page, and says so.
page=ON
page_tools() {
    if { { command -v npm && command -v node; } >/dev/null || install_missing npm; } &&
        (cd web && node install.mjs npm "$@"); then
        return 0
    fi
    say "Reports are left out: what the report page is built from could not be installed." >&2
    page=OFF
    return 1
}

# How many compilers may run at once: a core each, and 1.5 GB of free memory each.
jobs_at_once() {
    local cores gigabytes_and_a_half
    cores=$(nproc)
    gigabytes_and_a_half=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo)
    [ "$gigabytes_and_a_half" -ge 1 ] || gigabytes_and_a_half=1
    if [ "$gigabytes_and_a_half" -lt "$cores" ]; then say "$gigabytes_and_a_half"; else say "$cores"; fi
}

# A compiler cache is used where there is one; nothing depends on it.
if [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ] && command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

# build_preset PRESET [TARGET…]: configures and builds; a moment where nothing changed.
build_preset() {
    local preset=$1
    shift
    cmake --preset "$preset" -DEVENKEEL_PAGE=$page >"build/configure-$preset.log" 2>&1 || {
        cat "build/configure-$preset.log" >&2
        return 1
    }
    if [ $# -gt 0 ]; then set -- --target "$@"; fi
    cmake --build --preset "$preset" --parallel "$(jobs_at_once)" "$@"
}
