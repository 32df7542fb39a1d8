# shellcheck shell=bash
# Sourced by deploy/* and tests/run: what a fresh Debian, Ubuntu or Raspberry Pi OS lacks, and an environment of its own.

say() { printf '%s\n' "digitbox: $*" >&2; }
die() { say "$*"; exit 1; }

# need_packages PACKAGE...: install what is missing, through apt, with sudo where we are not root.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "needs ${missing[*]}; this is not a Debian: install them by hand and try again"
    local root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "needs ${missing[*]}; run as root: apt-get install ${missing[*]}"
        root=(sudo)
    fi
    say "installing ${missing[*]}"
    "${root[@]}" apt-get update -qq || die "apt cannot fetch its lists; check the network and try again"
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >/dev/null || die "apt could not install ${missing[*]}; its words are above"
}

# need_environment FOLDER EXTRAS: a virtual environment with this repository in it, renewed when pyproject.toml changes.
need_environment() {
    local folder=$1 extras=$2 stamp
    stamp="$(python3 -c 'import sys; print(sys.version)') $extras $(sha256sum pyproject.toml)"
    [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    say "making the environment $folder (once)"
    rm -rf "$folder"
    python3 -m venv "$folder" || die "python3 cannot make $folder; is there space, and can this folder be written?"
    "$folder/bin/pip" install -q --disable-pip-version-check --editable ".$extras" ||
        die "pip could not install what digitbox needs; check the network and run this again"
    printf '%s\n' "$stamp" > "$folder/stamp"
}

# need_locked_environment FOLDER REQUIREMENTS...: one with exactly what these files lock, renewed when they change.
need_locked_environment() {
    local folder=$1 stamp file arguments=()
    shift
    stamp="$(python3 -c 'import sys; print(sys.version)') $(cat "$@" | sha256sum)"
    [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    say "making the environment $folder (once)"
    rm -rf "$folder"
    python3 -m venv "$folder" || die "python3 cannot make $folder; is there space, and can this folder be written?"
    for file in "$@"; do arguments+=(-r "$file"); done
    "$folder/bin/pip" install -q --disable-pip-version-check --no-deps --require-hashes "${arguments[@]}" ||
        die "pip could not install Ansible; check the network and run this again"
    printf '%s\n' "$stamp" > "$folder/stamp"
}

# What ssh brought along, or what was never installed here, ends Ansible; nothing that is printed here depends on it.
python3 -c 'import locale, sys; locale.setlocale(locale.LC_ALL, ""); sys.exit(locale.getlocale()[1] != "UTF-8")' 2>/dev/null ||
    export LC_ALL=C.UTF-8
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    die "needs Python 3.11 or later: Debian 12, Ubuntu 24.04, Raspberry Pi OS Bookworm, or newer"
