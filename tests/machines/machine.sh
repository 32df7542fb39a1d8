# shellcheck shell=bash
# What the machines of this folder share; sourced, never run. Needs root, mmdebstrap and unshare.
#
#   DIGITBOX_MACHINES   where machines are kept, relative to the repository (default: .appliance, which git ignores)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(realpath "$here/../..")
machines=$(cd "$repository" && realpath -m "${DIGITBOX_MACHINES:-.appliance}")
# shellcheck disable=SC2034  # inside the machines, which are all Debians
home_of_root=/root

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

# let_run CPU: have the kernel hand programs for this processor (aarch64) to qemu-user. Debian's qemu-user-static registers it
# so that the interpreter need not lie in the root.
let_run() {
  local formats=/proc/sys/fs/binfmt_misc
  [ -e $formats/register ] || mount -t binfmt_misc binfmt_misc $formats || die "this kernel has no binfmt_misc to mount"
  [ -e "$formats/qemu-$1" ] || update-binfmts --enable "qemu-$1" || die "nothing runs programs for $1: install qemu-user-static"
}

# build_root SUITE ROOT PACKAGE...: a folder with a whole Debian in it; one that holds these packages is kept. Words in the
# array `bootstrap` go to mmdebstrap as well, such as --architectures=arm64.
bootstrap=()
build_root() {
  local suite=$1 root=$2 mirror list
  shift 2
  list=$(printf '%s\n' "$@" | sort -u | paste -sd,)
  [ "$(cat "$root/.packages" 2>/dev/null)" = "$suite $list" ] && return
  [ "$(id -u)" = 0 ] || die 'only root can build a machine'
  mkdir -p "$machines"
  rm -rf --one-file-system "$root"
  mirror=$(debian_mirror)
  mmdebstrap --quiet --mode=root --variant=minbase --include="$list" \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg --aptopt='Acquire::Languages "none"' \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' "${bootstrap[@]}" "$suite" "$root" ${mirror:+"$mirror"}
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

# let_in ROOT KEY: the user pi of Raspberry Pi OS, who may do everything, and who comes in with this key; no work of apt's own.
let_in() {
  local root=$1 key=$2
  [ -e "$key" ] || ssh-keygen -q -t ed25519 -N '' -C digitbox-tests -f "$key"
  [ -e "$root/home/pi" ] || chroot "$root" useradd -m -s /bin/bash -G sudo,audio,video pi
  echo 'pi ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/010_pi-nopasswd"
  install -d -m 700 -o 1000 -g 1000 "$root/home/pi/.ssh"
  install -m 600 -o 1000 -g 1000 "$key.pub" "$root/home/pi/.ssh/authorized_keys"
  ln -sf /dev/null "$root/etc/systemd/system/apt-daily.timer"
  ln -sf /dev/null "$root/etc/systemd/system/apt-daily-upgrade.timer"
}

# ssh_config USER KEY COMMAND: print an ssh configuration for the host "box", reached through a command that speaks ssh.
ssh_config() {
  printf '%s\n' 'Host box' "  User $1" "  IdentityFile $2" '  IdentitiesOnly yes' '  StrictHostKeyChecking no' \
    '  UserKnownHostsFile /dev/null' '  LogLevel ERROR' "  ProxyCommand $3"
}

# simulate_gpio ROOT: Debian leaves gpio-sim out of its kernel, and with it the simulated interrupts: both go into one module,
# in which a function takes the place of one that modules may not call. ROOT has linux-source, linux-headers, make and xz.
simulate_gpio() {
  # shellcheck disable=SC2016  # the shell in there expands it
  in_root "$1" sh -euc '
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
}
