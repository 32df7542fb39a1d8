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

  # Debian leaves gpio-sim out of its kernel, and with it the simulated interrupts: both go into one module, in which
  # a function takes the place of one that modules may not call.
  # shellcheck disable=SC2016  # the shell in there expands it
  in_root "$root" sh -euc '
    cd /tmp
    rm -rf gpio-sim
    tar -xJf /usr/src/linux-source-6.1.tar.xz --wildcards --strip-components=1 "*/drivers/gpio/gpio-sim.c" \
      "*/drivers/gpio/gpiolib.h" "*/kernel/irq/irq_sim.c"
    mkdir gpio-sim
    mv drivers/gpio/gpio-sim.c gpio-sim/core.c
    mv drivers/gpio/gpiolib.h gpio-sim/
    sed -e "/EXPORT_SYMBOL/d" -e "s/irq_to_desc(\([a-z_]*\))/irq_data_to_desc(irq_get_irq_data(\1))/" \
      kernel/irq/irq_sim.c > gpio-sim/irq_sim.c
    printf "obj-m := gpio-sim.o\ngpio-sim-objs := core.o irq_sim.o\n" > gpio-sim/Kbuild
    kernel=$(ls /lib/modules)
    make --silent -C "/lib/modules/$kernel/build" M=/tmp/gpio-sim modules
    install -D -m 644 gpio-sim/gpio-sim.ko "/lib/modules/$kernel/extra/gpio-sim.ko"
    depmod "$kernel"
    rm -rf gpio-sim drivers kernel'

  install -m 755 "$here/gpio/init" "$root/sbin/digitbox-tests"
  truncate --size="$(($(du -sm --one-file-system "$root" | cut -f1) * 11 / 10 + 300))M" "$image"
  mke2fs -q -F -t ext4 -O ^has_journal -d "$root" "$image"
  echo "$stamp" > "$root/.stamp"
fi

tar -C "$repository" --exclude=__pycache__ -cf "$tests" device pyproject.toml tests/conftest.py tests/adapters tests/machines/gpio
nice qemu-system-x86_64 -machine q35 -cpu max -accel tcg,thread=multi -smp 2 -m 1024 -display none -vga none -no-reboot \
  -nic none -kernel "$root/vmlinuz" -initrd "$root/initrd.img" \
  -append 'root=/dev/vda rw quiet panic=-1 console=ttyS0 init=/sbin/digitbox-tests' \
  -drive "file=$image,if=virtio,format=raw,snapshot=on" -drive "file=$tests,if=virtio,format=raw,readonly=on" \
  -serial "file:$console"
cat "$console"
grep -q '^digitbox-tests: 0' "$console"
