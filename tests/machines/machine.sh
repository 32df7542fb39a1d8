# shellcheck shell=bash
# What the machines of this folder share; sourced, never run. Needs root, mmdebstrap and unshare.
#
#   DIGITBOX_MACHINES   where machines are kept, relative to the repository (default: .appliance, which git ignores)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(realpath "$here/../..")
machines=$(cd "$repository" && realpath -m "${DIGITBOX_MACHINES:-.appliance}")

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The mirror that this machine's own apt uses for Debian; nothing elsewhere, and then mmdebstrap's default serves.
debian_mirror() {
  # shellcheck disable=SC2016  # the words in $() are apt's
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && !/security/ { print $2; exit }'
}

# build_root SUITE ROOT PACKAGE...: a folder with a whole Debian in it; one that holds these packages is kept.
build_root() {
  local suite=$1 root=$2 mirror list
  shift 2
  list=$(printf '%s\n' "$@" | sort -u | paste -sd,)
  [ "$(cat "$root/.packages" 2>/dev/null)" = "$suite $list" ] && return
  [ "$(id -u)" = 0 ] || die 'only root can build a machine'
  mkdir -p "$machines"
  rm -rf --one-file-system "$root"
  mirror=$(debian_mirror)
  nice mmdebstrap --quiet --mode=root --variant=minbase --include="$list" \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' "$suite" "$root" ${mirror:+"$mirror"}
  mkdir -p "$root/srv/digitbox"
  echo "$suite $list" > "$root/.packages"
}

# in_root ROOT [NAME=VALUE]... COMMAND...: run it in there, with this repository as /srv/digitbox, read only.
# All mounts live in a namespace of their own: nothing is left behind, even by a command that was killed. Pip goes
# where this machine's pip goes.
in_root() {
  # shellcheck disable=SC2016  # the shell in the namespace expands it
  unshare --mount --fork --pid --kill-child sh -euc '
    repository=$1 root=$2
    shift 2
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for device in null zero full random urandom; do
      : > "$root/dev/$device"
      mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/shm"
    ln -s /proc/self/fd "$root/dev/fd"
    mount --bind -o ro "$repository" "$root/srv/digitbox"
    for file in /etc/resolv.conf /etc/pip.conf "${HOME:-/root}/.config/pip/pip.conf" /etc/ssl/certs/ca-certificates.crt; do
      [ -e "$file" ] || continue
      mkdir -p "$root$(dirname "$file")"
      [ -e "$root$file" ] || : > "$root$file"
      mount --bind "$file" "$root$file"
    done
    exec chroot "$root" env -C / "$@"
  ' sh "$repository" "$@"
}

# install_environment ROOT [PACKAGE]...: a virtual environment in /opt/digitbox that also sees Debian's packages, as the
# one on a Pi does, with what digitbox depends on, pytest, and these.
install_environment() {
  local root=$1
  shift
  # shellcheck disable=SC2016  # the shell in there expands it
  in_root "$root" PIP_ROOT_USER_ACTION=ignore sh -euc '
    python3 -m venv --clear --system-site-packages /opt/digitbox
    cd /opt/digitbox
    python3 -c "import tomllib; print(*tomllib.load(open(0, \"rb\"))[\"project\"][\"dependencies\"], sep=\"\\n\")" \
      < /srv/digitbox/pyproject.toml > requirements.txt
    bin/pip install --quiet --only-binary :all: --no-binary docopt,pyvips --requirement requirements.txt pytest "$@"
  ' sh "$@"
}
