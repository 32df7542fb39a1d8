#!/usr/bin/env bash
# A whole machine with the Pi's processor, in QEMU: Debian's kernel, systemd, and digitbox installed by its own playbook. Its
# clock counts instructions, one in two nanoseconds, about a core of a Zero 2 W: its seconds don't depend on what else this
# machine does. Its header is gpio-sim, its camera v4l2loopback, its sound card a USB one, its watchdog an i6300esb; its
# device tree says that it is a Pi 4. Built when first used, in half an hour.
#   board.sh build               # what is missing of it
#   board.sh power-on            # returns at once; the disk is as it was left, until `board.sh forget`
#   board.sh exec COMMAND...     # as root, in it, once ssh answers
#   board.sh ssh-config          # prints an ssh configuration for the host "box"
#   board.sh press [MS]          # the button, 300 ms
#   board.sh hang-up             # forget the ssh connection to it, for it has started anew by itself
#   board.sh power-cut           # the plug is pulled: QEMU is killed
#   board.sh forget              # the disk is as it was built
# BOARD names it, so that several can be; READONLY=1 starts it with a root that is read-only; DIGITBOX_PAYLOAD is installed in
# place of this repository. A second disk, /dev/vdb, is empty. What the loudspeaker was given lies in heard.wav, what the
# kernel says in console, both in the folder $machines/board.$BOARD.
set -euo pipefail
# shellcheck source=tests/machines/machine.sh
. "$(dirname "$0")/machine.sh"
root=$machines/arm64-bookworm
image=$machines/board.ext4
key=$machines/container-key
run=$machines/board.${BOARD:-board}
disk=$run/disk.qcow2
in_guest=/opt/digitbox-tests
picture=(device/pictures/05-427.jpg 820 616)

build() {
  local stamp knobs
  stamp=$(cat "$0" "$here/arm64.sh" "$here/machine.sh" "$here"/board/* | sha256sum)" ${DIGITBOX_PAYLOAD:-}"
  [ "$(cat "$image.stamp" 2> /dev/null)" != "$stamp" ] || return 0
  "$here/arm64.sh" root
  [ -e "$(echo "$root"/lib/modules/*/extra/gpio-sim.ko)" ] || simulate_gpio "$root"
  [ -e "$(echo "$root"/lib/modules/*/extra/v4l2loopback.ko)" ] || simulate_camera
  knobs='{"digitbox_camera": "v4l2", "base_watchdog_seconds": 15, "digitbox_configuration": {"button": {"chip": 1},
    "indicator": {"chip": 1}, "camera": {"width_px": 820, "height_px": 616, "open_limit_seconds": 60.0},
    "reading": {"limit_seconds": 30.0}, "speech": {"limit_seconds": 60.0}, "microphone": {"card": "Loopback"}}}'
  mkdir -p "$root/boot/firmware"
  echo 'root=/dev/vda rw quiet console=ttyAMA0 net.ifnames=0' > "$root/boot/firmware/cmdline.txt"
  "$here/arm64.sh" install -e "$knobs" -e '{"readonly_root": true}'
  cp "$root/boot/firmware/cmdline.txt" "$image.cmdline"
  furnish
  truncate --size="$(($(du -sm --one-file-system "$root" | cut -f1) * 11 / 10 + 3500))M" "$image"
  mke2fs -q -F -t ext4 -E lazy_itable_init=1 -d "$root" "$image"
  echo "$stamp" > "$image.stamp"
}

simulate_camera() {
  # shellcheck disable=SC2016  # the shell in there expands it
  in_root "$root" sh -euc '
    cd /tmp
    rm -rf loopback
    mkdir loopback
    apt-get -qq update
    apt-get -qq -o APT::Sandbox::User=root download v4l2loopback-dkms
    dpkg-deb -x v4l2loopback-dkms_*.deb loopback
    cd loopback/usr/src/v4l2loopback-*
    kernel=$(ls /lib/modules)
    echo "obj-m := v4l2loopback.o" > Kbuild
    make --silent -C "/lib/modules/$kernel/build" M="$PWD" modules
    install -D -m 644 v4l2loopback.ko "/lib/modules/$kernel/extra/v4l2loopback.ko"
    depmod "$kernel"
    rm -rf /tmp/loopback /tmp/v4l2loopback-dkms_*.deb'
}

# What an image has beyond its packages: a disk to mount, a network, simulated parts.
furnish() {
  local unit
  echo '/dev/vda / ext4 noatime,errors=remount-ro 0 1' > "$root/etc/fstab"
  : > "$root/etc/machine-id"
  echo board > "$root/etc/hostname"
  echo '127.0.0.1 localhost board' > "$root/etc/hosts"
  printf '[Match]\nName=e*\n\n[Network]\nDHCP=ipv4\n' > "$root/etc/systemd/network/20-wired.network"
  echo 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"' > "$root/etc/udev/rules.d/60-gpio.rules"
  rm -f "$root/etc/resolv.conf"
  mkdir -p "$root$in_guest"
  cp "$here/board/hardware" "$here/board/camera.py" "$root$in_guest/"
  cp "$here/board/asound.conf" "$root/etc/asound.conf"
  in_root "$root" /opt/digitbox/current/bin/python -I /srv/digitbox/tests/machines/board/picture.py \
    "/srv/digitbox/${picture[0]}" "${picture[@]:1}" $in_guest/picture.yuyv
  for unit in "$here"/board/*.service; do
    cp "$unit" "$root/etc/systemd/system/"
    chroot "$root" systemctl --quiet enable "$(basename "$unit")"
  done
  chroot "$root" systemctl --quiet enable systemd-networkd ssh
  # What neither a Pi's image nor digitbox waits for, and each power-on would pay for in minutes.
  chroot "$root" systemctl --quiet mask systemd-networkd-wait-online serial-getty@ttyAMA0 e2scrub_all.timer e2scrub_reap fstrim.timer \
    dpkg-db-backup.timer modprobe@{dm_mod,drm,efi_pstore,fuse,loop}.service user@1000.service
}

running() { kill -0 "$(cat "$run/pid" 2> /dev/null || echo x)" 2> /dev/null; }

# The same words twice: QEMU first writes down the device tree of this machine, which then learns that it is a Pi.
qemu() {
  nice -n 5 qemu-system-aarch64 -machine "virt,gic-version=3$1" -cpu cortex-a72 -accel tcg -icount shift=1,sleep=on -smp 1 -m 1024 \
    -kernel "$root/vmlinuz" -initrd "$root/initrd.img" \
    -append "$(command_line)" \
    -drive "file=$disk,if=none,id=disk,format=qcow2" -device virtio-blk-pci,drive=disk \
    -drive "file=$run/data,if=none,id=data,format=raw" -device virtio-blk-pci,drive=data \
    -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:$(cat "$run/port")-:22" -device virtio-net-pci,netdev=net,romfile= \
    -device virtio-rng-pci -device i6300esb -action watchdog=reset \
    -audiodev "wav,id=sound,path=$run/heard.wav" -device qemu-xhci -device usb-audio,audiodev=sound \
    -display none -vga none -monitor none -serial "file:$run/console" "${@:2}"
}

# As the playbook wrote it, with or without what the role `readonly` adds.
command_line() {
  if [ -n "${READONLY:-}" ]; then cat "$image.cmdline"; else sed 's/ overlayroot=.*//' "$image.cmdline"; fi
}

power_on() {
  ! running || die 'the machine is already on'
  build
  mkdir -p "$run"
  [ -e "$disk" ] || qemu-img create -q -f qcow2 -b "$image" -F raw "$disk"
  [ -e "$run/data" ] || truncate --size=256M "$run/data"
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' > "$run/port"
  configure_ssh
  qemu ",dumpdtb=$run/tree" 2> /dev/null
  fdtput -c "$run/tree" /system
  fdtput -t x "$run/tree" /system linux,revision c03114
  qemu '' -dtb "$run/tree" -pidfile "$run/pid" -daemonize
}

configure_ssh() {
  printf '%s\n' 'Host box' '  HostName 127.0.0.1' "  Port $(cat "$run/port")" '  User pi' "  IdentityFile $key" \
    '  IdentitiesOnly yes' '  StrictHostKeyChecking no' '  UserKnownHostsFile /dev/null' '  LogLevel ERROR' \
    '  ConnectTimeout 120' '  BatchMode yes' '  ControlMaster auto' '  ControlPersist 900' "  ControlPath $run/ssh" > "$run/ssh.conf"
}

inside() { ssh -F "$run/ssh.conf" box "sudo $(printf '%q ' "$@")"; }

case ${1:-} in
  build) build ;;
  power-on) power_on ;;
  exec) shift; inside "$@" ;;
  press) inside $in_guest/hardware press 17 "${2:-300}" ;;
  ssh-config) cat "$run/ssh.conf" ;;
  hang-up) rm -f "$run/ssh" ;;
  power-cut)
    running || exit 0
    kill -KILL "$(cat "$run/pid")"
    while running; do sleep 0.1; done
    rm -f "$run/pid" "$run/ssh" ;;
  forget) running && die 'the machine is on'; rm -rf "$run" ;;
  *) sed -n '2,17s/^# \?//p' "$0" >&2; exit 2 ;;
esac
