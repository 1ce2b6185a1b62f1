#!/bin/bash
# Brings a Debian 12 machine to the point where the project runs: packages, virtual environment,
# Python dependencies.  Every step prints one line, does nothing when it is already done, and keeps
# the full output of what it ran in build/log/, shown when the step fails.
#
#   .ci/bootstrap.sh run      what `make demo` needs
#   .ci/bootstrap.sh test     that, and what the tests need
#   .ci/bootstrap.sh peers    what the demo needs, and the packages the bench measures beside
set -euo pipefail

kind=${1:?usage: bootstrap.sh run|test|peers}
venv=${VENV:-.venv}
log_dir=build/log

base_packages=(
    python3 python3-venv python3-dev gcc libc6-dev ca-certificates
    libpri-dev libspandsp-dev libspeexdsp-dev
    asterisk-core-sounds-en-wav asterisk-moh-opsound-wav espeak-ng
)
# Tests that need one of these skip, saying so, where it cannot be installed.
test_packages=(chromium postgresql fonts-wqy-microhei qemu-user-static tshark dpkg-dev
    # the DAHDI lab (tests/lab/dahdi)
    qemu-system-x86 busybox-static cpio linux-headers-amd64
    # other processors' view of DAHDI's header (gcc-multilib stands against cross compilers)
    gcc-i686-linux-gnu libc6-dev-i386-cross gcc-powerpc-linux-gnu libc6-dev-powerpc-cross
)

say() { printf '%s\n' "$*"; }

fail() {
    printf '\nSetup stopped: %s\n' "$*" >&2
    exit 1
}

# step LABEL LOG COMMAND...: one progress line; the log's end when the command fails.
step() {
    local label=$1 log="$log_dir/$2.log" started=$SECONDS
    shift 2
    mkdir -p "$log_dir"
    printf '  %-58s ' "$label"
    if "$@" >"$log" 2>&1 </dev/null; then
        printf 'done (%d s)\n' $((SECONDS - started))
    else
        printf 'failed\n\n' && tail -n 30 "$log" >&2
        return 1
    fi
}

missing_of() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f='${Status}' "$name" 2>/dev/null)" = "install ok installed" ] ||
            printf '%s ' "$name"
    done
}

# Runs a command as root, through sudo where we are not.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -E "$@"
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends "$@"
}

debian_packages() {
    local missing optional=""
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "  This is not Debian: the packages it would install are named in .ci/bootstrap.sh."
        return
    fi
    missing=$(missing_of "${base_packages[@]}")
    [ "$kind" = test ] && optional=$(missing_of "${test_packages[@]}")
    [ -z "$missing$optional" ] && return
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        [ -z "$missing" ] && return
        fail "these Debian packages are missing and neither root nor sudo is at hand:
  $missing
Install them as root, then run make again:
  apt-get install $missing"
    fi
    # The password is asked for here, where it can be seen, and not behind a log file.
    [ "$(id -u)" -eq 0 ] || sudo -v || fail "sudo was refused; install as root: $missing"
    step "Debian: refreshing the package lists" apt-update as_root apt-get update --quiet ||
        fail "apt-get update did not work (see above)"
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086
        step "Debian: installing $(wc -w <<<"$missing") packages" apt-base apt_install $missing ||
            fail "apt-get could not install: $missing"
    fi
    for name in $optional; do
        step "Debian: installing $name (for tests)" "apt-$name" apt_install "$name" ||
            say "  … tests that need $name will be skipped."
    done
}

virtual_environment() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or later is needed; this is $(python3 --version)"
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null && return
    step "Python: creating $venv" venv python3 -m venv --clear "$venv" ||
        fail "python3 -m venv did not work (see above)"
}

requirements() {
    "$venv/bin/python" - "$kind" <<'PYTHON'
import sys
import tomllib

with open("pyproject.toml", "rb") as file:
    data = tomllib.load(file)
wanted = data["build-system"]["requires"] + data["project"]["dependencies"]
if sys.argv[1] != "run":
    wanted += data["project"]["optional-dependencies"][sys.argv[1]]
print("\n".join(dict.fromkeys(wanted)))
PYTHON
}

python_packages() {
    local wanted mark stamp
    mark=$(sha256sum pyproject.toml | cut -d' ' -f1)
    # What the tests need includes what running needs.
    for stamp in "$venv/.installed-${kind/run/test}" "$venv/.installed-$kind"; do
        [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$mark" ] && return
    done
    wanted=$(requirements)
    mapfile -t list <<<"$wanted"
    step "Python: installing ${#list[@]} packages and what they need" "pip-$kind" \
        "$venv/bin/python" -m pip install --disable-pip-version-check --no-input "${list[@]}" ||
        fail "pip could not install the dependencies (see above)"
    # The compiled parts are built by the next step; here only the `mediaserver` command is put down.
    step "Python: installing the mediaserver command" pip-self env MEDIASERVER_EXTENSIONS=0 \
        "$venv/bin/python" -m pip install --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation --editable . ||
        fail "pip could not install the project itself (see above)"
    printf '%s\n' "$mark" >"$stamp"
}

compiled_parts() {
    step "Building the kernels and bindings" build \
        "$venv/bin/python" setup.py -q build_ext --inplace --parallel "$(nproc)" ||
        fail "the build did not work; the whole log is $log_dir/build.log"
}

cd "$(dirname "$0")/.."
say "Preparing ($kind)"
debian_packages
virtual_environment
python_packages
compiled_parts
