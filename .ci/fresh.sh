#!/bin/bash
# Proves that a clone works on a new machine: puts a minimal Debian 12 into a temporary directory,
# clones this repository's HEAD into it, and runs the two commands a newcomer runs.
#
#   .ci/fresh.sh                 make demo ARGS="--calls 20 --once", then make test
#   .ci/fresh.sh COMMAND...      these instead, each one argument, e.g. 'make test TESTS=tests/house'
#
# Needs root, debootstrap and about 4 GB.  The package sources, proxies, certificates and pip's
# configuration are those of this machine, taken when it runs.  FRESH_BIND names further directories
# to show inside (a local package index).  FRESH_CACHE keeps the bare Debian as a tar between runs.
# All mounts live in a mount namespace of their own and are gone with it, whatever happens.
set -euo pipefail

[ "$(id -u)" -eq 0 ] || { echo "fresh: run as root (debootstrap and chroot need it)" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "fresh: apt-get install debootstrap" >&2; exit 1; }

repository=$(cd "$(dirname "$0")/.." && pwd)

if [ "${1:-}" != --inside ]; then
    work=$(mktemp -d "${TMPDIR:-/tmp}/fresh.XXXXXX")
    status=0
    unshare --mount --pid --fork --propagation private "$0" --inside "$work" "$@" || status=$?
    # The namespace is gone; still, nothing is removed while anything is mounted below it.
    if grep -q " $work" /proc/self/mounts; then
        echo "fresh: something is still mounted below $work; left as it is" >&2
        exit 1
    fi
    rm -rf --one-file-system "$work"
    exit "$status"
fi

work=$2
shift 2
root=$work/root

mirror() {
    awk '$1 == "URIs:" { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null ||
        awk '$1 == "deb" && $2 ~ /^http/ { print $2; exit }' /etc/apt/sources.list
}

bare_debian() {
    local cache=${FRESH_CACHE:-}
    if [ -n "$cache" ] && [ -f "$cache" ]; then
        mkdir "$root"
        tar -C "$root" -xf "$cache"
        return
    fi
    debootstrap --variant=minbase bookworm "$root" "$(mirror)" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 20 "$work/debootstrap.log"; exit 1; }
    [ -z "$cache" ] || tar -C "$root" -cf "$cache" .
}

# The way to the package servers is this machine's; nothing else of it is carried in.
network_of_this_machine() {
    local file
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    rm -f "$root/etc/apt/sources.list"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources \
        /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf.d/99* /etc/pip.conf; do
        if [ -f "$file" ]; then cp "$file" "$root$file"; fi
    done
    if [ -d /usr/local/share/ca-certificates ]; then
        mkdir -p "$root/usr/local/share/ca-certificates"
        cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
    fi
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
}

mounts() {
    local directory
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/dev"
    mkdir "$root/dev/shm" "$root/dev/pts"
    for directory in null zero full random urandom tty; do
        touch "$root/dev/$directory"
        mount --bind "/dev/$directory" "$root/dev/$directory"
    done
    ln -s /proc/self/fd "$root/dev/fd"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    for directory in ${FRESH_BIND:-}; do
        mkdir -p "$root$directory"
        mount --bind -o ro "$directory" "$root$directory"
    done
}

inside() {
    local passed
    mapfile -t passed < <(env | grep -E '^(PIP_|SSL_CERT_|(https?|no|HTTPS?|NO)_(proxy|PROXY)=)')
    chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive "${passed[@]}" \
        bash -c "$1"
}

stage() {
    printf '\n== %s (%s)\n' "$1" "$(date +%T)"
}

stage "a bare Debian 12"
bare_debian
network_of_this_machine
mounts
inside 'apt-get update -qq && apt-get install -y -qq --no-install-recommends make git' \
    >"$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log"; exit 1; }
git clone --quiet --no-hardlinks "$repository" "$root/root/mediaserver"

[ $# -gt 0 ] || set -- 'make demo ARGS="--calls 20 --once"' 'make test'
for command in "$@"; do
    stage "$command"
    inside "cd /root/mediaserver && $command" || { echo "fresh: failed: $command"; exit 1; }
done
stage "done: everything works from a fresh clone"
