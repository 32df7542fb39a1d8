#!/usr/bin/env bash
# Boot a whole machine whose kernel simulates a GPIO chip and a V4L2 camera, in Debian 12 with the Python and the NumPy
# of Raspberry Pi OS 12, and run the tests marked `hardware` there. Built when first used, in five minutes; a run takes
# one, for QEMU translates every instruction.
set -euo pipefail
# shellcheck source=tests/machines/machine.sh
. "$(dirname "$0")/machine.sh"

root=$machines/gpio
image=$machines/gpio.ext4
tests=$machines/gpio.tar
console=$machines/gpio.log

build_root bookworm "$root" bc ca-certificates initramfs-tools linux-headers-amd64 linux-image-amd64 linux-source make \
  python3-venv xz-utils

stamp=$(cat "$0" "$here/machine.sh" "$here/gpio/init" "$repository/pyproject.toml" | sha256sum)
if [ "$(cat "$root/.stamp" 2>/dev/null)" != "$stamp" ]; then
  install_environment "$root" lgpio

  simulate_gpio "$root"

  install -m 755 "$here/gpio/init" "$root/sbin/digitbox-tests"
  truncate --size="$(($(du -sm --one-file-system "$root" | cut -f1) * 11 / 10 + 300))M" "$image"
  mke2fs -q -F -t ext4 -O ^has_journal -d "$root" "$image"
  echo "$stamp" > "$root/.stamp"
fi

tar -C "$repository" --exclude=__pycache__ -cf "$tests" device pyproject.toml tests/conftest.py tests/installed.py \
  tests/adapters tests/machines/gpio
nice qemu-system-x86_64 -machine q35 -cpu max -accel tcg,thread=multi -smp 2 -m 1024 -display none -vga none -no-reboot \
  -nic none -kernel "$root/vmlinuz" -initrd "$root/initrd.img" \
  -append 'root=/dev/vda rw quiet panic=-1 console=ttyS0 init=/sbin/digitbox-tests' \
  -drive "file=$image,if=virtio,format=raw,snapshot=on" -drive "file=$tests,if=virtio,format=raw,readonly=on" \
  -serial "file:$console"
cat "$console"
grep -q '^digitbox-tests: 0' "$console"
