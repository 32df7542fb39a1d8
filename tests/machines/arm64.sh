#!/usr/bin/env bash
# Debian for the Pi's own processor, its programs run one by one through qemu-user: what is installed are the very files that
# a Pi gets, only their speed means nothing. The root is built when first used, in ten minutes, and kept.
#   arm64.sh root                # build it if need be
#   arm64.sh release             # build a release in it as the installer does, and print where it is
#   arm64.sh install             # the whole playbook into it, through Ansible's own ssh connection
#   arm64.sh exec COMMAND...     # as root, in it
#   arm64.sh sshd                # speak ssh on standard input and output: what `install` connects to
# SUITE=bookworm|trixie. Bookworm's also has a kernel, and modules that simulate a Pi's header and a camera: board.sh boots it.
set -euo pipefail
# shellcheck source=tests/machines/machine.sh
. "$(dirname "$0")/machine.sh"
suite=${SUITE:-bookworm}
root=$machines/arm64-$suite
key=$machines/container-key
packages=(ca-certificates dbus iproute2 kmod libpam-systemd openssh-server procps python3 python3-apt python3-venv sudo systemd
  systemd-sysv udev)
for_a_board=(bc e2fsprogs gcc initramfs-tools libc6-dev linux-headers-arm64 linux-image-arm64 linux-source make systemd-timesyncd
  xz-utils)
[ "$suite" = trixie ] || packages+=("${for_a_board[@]}")

inside() {
  in_root "$root" env -i "HOME=$home_of_root" LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

build() {
  let_run aarch64
  exec 9> "$root.lock"
  flock 9
  # The initramfs only has to find a virtio disk: with a short list of modules it is made in seconds, emulated or not.
  # shellcheck disable=SC2034,SC2016  # build_root reads it; mmdebstrap expands $1
  bootstrap=(--architectures=arm64 '--setup-hook=mkdir -p "$1/etc/initramfs-tools/conf.d"
    printf "%s\n" virtio_pci virtio_blk virtio_net ext4 overlay crc32c_generic > "$1/etc/initramfs-tools/modules"
    printf "%s\n" MODULES=list COMPRESS=gzip RESUME=none > "$1/etc/initramfs-tools/conf.d/digitbox-tests"')
  build_root "$suite" "$root" "${packages[@]}"
  let_in "$root" "$key"
  # Through binfmt_misc no program is setuid, sudo neither: it is root who comes in.
  install -D -m 600 "$key.pub" "$root$home_of_root/.ssh/authorized_keys"
  exec 9>&-
}

case ${1:-} in
  root) build ;;
  exec) shift; let_run aarch64; inside "$@" ;;
  sshd)
    let_run aarch64
    inside sh -c 'mkdir -p /run/sshd && exec /usr/sbin/sshd -i' ;;
  release)
    build
    payload=${DIGITBOX_PAYLOAD:-$(cd "$repository" && deploy/payload dist)}
    mapfile -t needed < <("$repository/deploy/packages" files | grep -vx python3-lgpio)
    inside apt-get -qq -o APT::Sandbox::User=root update
    inside DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Sandbox::User=root install --no-install-recommends -y "${needed[@]}" > /dev/null
    mkdir -p "$root/opt/digitbox/releases"
    cp "${payload% *}" "$root/opt/digitbox/payload.tar"
    inside /usr/bin/python3 -I /srv/digitbox/device/release.py build /opt/digitbox/payload.tar > /dev/null
    rm "$root/opt/digitbox/payload.tar"
    echo "/opt/digitbox/releases/$(tar -xOf "${payload% *}" manifest.json | sed 's/.*"release": "\([^"]*\)".*/\1/')" ;;
  install)
    shift
    build
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    ssh_config root "$key" "env DIGITBOX_MACHINES=$machines SUITE=$suite $here/arm64.sh sshd" > "$folder/ssh.conf"
    DIGITBOX_SSH_CONFIG=$folder/ssh.conf "$repository/deploy/install" box "$@" ;;
  *) sed -n '2,9s/^# \?//p' "$0" >&2; exit 2 ;;
esac
