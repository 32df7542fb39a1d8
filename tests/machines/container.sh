#!/usr/bin/env bash
# A fresh Debian with a running systemd of its own, as a container without any container engine: seconds instead of the
# minutes of a virtual machine. What happens in it happens in memory and is gone when it stops, unless KEEP=1.
#   container.sh start               # build the root if need be, boot it, wait until it is up
#   container.sh exec COMMAND...     # as root, in it
#   container.sh ssh-config          # prints an ssh configuration for the host "box", whose user pi may sudo
#   container.sh leader            # prints its first process, as numbered here, while it runs; does not enter it, for going
#                                 # down it stops whatever is inside
#   container.sh stop
#   container.sh power-cut           # end it as if the plug were pulled: no process gets to do anything
# SUITE=bookworm|trixie; BOX names it, so that several can run at once on one root. It shares this machine's network, or has
# none with NETWORK=none; ssh needs no port, it goes through nsenter and `sshd -i`.
set -euo pipefail
# shellcheck source=tests/machines/machine.sh
. "$(dirname "$0")/machine.sh"
suite=${SUITE:-bookworm}
root=$machines/container-$suite
box=${BOX:-box}
run=$machines/container-$suite.$box
key=$machines/container-key
WAIT_SECONDS=60
own_network=()
[ "${NETWORK:-shared}" = shared ] || own_network=(-n)

leader() { # the container's first process, as this machine numbers it
  local outer first
  outer=$(cat "$run/pid" 2> /dev/null) || return
  first=$(cut -d' ' -f1 "/proc/$outer/task/$outer/children" 2> /dev/null)
  [ -n "$first" ] && echo "$first"
}
inside() {
  local first
  first=$(leader) || die 'the container is not running'
  nsenter -t "$first" "${own_network[@]}" -m -u -i -p -C -r -w -- /usr/bin/env -i "HOME=$home_of_root" LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# What Raspberry Pi OS has and a bare Debian lacks: ssh, sudo, python3-apt, the user pi who may do everything.
build() {
  mkdir -p "$machines"
  exec 9> "$machines/container-$suite.lock"
  flock 9
  build_root "$suite" "$root" ca-certificates dbus iproute2 kmod libpam-systemd openssh-server procps python3 python3-apt \
    sudo systemd systemd-sysv udev
  let_in "$root" "$key"
  exec 9>&-
}

start() {
  local arguments file state=''
  ! leader > /dev/null || die 'the container is already running'
  build
  mkdir -p "$run" "$machines/pip-cache"
  arguments=(--quiet --keep-unit --register=no --boot --console=pipe --resolv-conf=off "--directory=$root" "--machine=$box")
  if [ "${NETWORK:-shared}" = shared ]; then
    arguments+=("--bind=$machines/pip-cache:$home_of_root/.cache/pip")
  else
    arguments+=(--private-network)
  fi
  [ "${KEEP:-0}" = 1 ] || arguments+=(--volatile=overlay)
  for file in /etc/resolv.conf /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [ -e "$file" ] || continue
    mkdir -p "$root$(dirname "$file")"
    [ -e "$root$file" ] || : > "$root$file"
    arguments+=("--bind-ro=$(realpath "$file"):$file")
  done
  SYSTEMD_NSPAWN_LOCK=0 setsid systemd-nspawn "${arguments[@]}" > "$run/console" 2>&1 < /dev/null &
  echo $! > "$run/pid"
  for _ in $(seq $((WAIT_SECONDS * 5))); do
    kill -0 "$(cat "$run/pid")" 2> /dev/null || die "systemd-nspawn ended: $(tail -n 3 "$run/console")"
    if leader > /dev/null; then state=$(inside systemctl is-system-running 2> /dev/null || true); fi
    case $state in
      running | degraded)
        inside mkdir -p /run/sshd
        return ;;
    esac
    sleep 0.2
  done
  die "after $WAIT_SECONDS s systemd is in the state '$state': $(tail -n 3 "$run/console")"
}

end() { # SIGNAL...: until the container is gone
  local outer
  outer=$(cat "$run/pid" 2> /dev/null) || return 0
  for _ in $(seq 50); do
    kill -0 "$outer" 2> /dev/null || break
    sleep 0.2
  done
  if kill -0 "$outer" 2> /dev/null; then kill -KILL "$outer"; fi
  rm -rf "$run"
}

case ${1:-} in
  start) start ;;
  exec) shift; inside "$@" ;;
  ssh-config)
    ssh_config pi "$key" "env DIGITBOX_MACHINES=$machines SUITE=$suite BOX=$box NETWORK=${NETWORK:-shared} $here/container.sh exec /usr/sbin/sshd -i" ;;
  leader) leader ;;
  stop)
    leader > /dev/null || exit 0
    inside systemctl poweroff > /dev/null 2>&1 || true
    end ;;
  power-cut)
    kill -KILL "$(leader)"
    end ;;
  *) sed -n '2,11s/^# \?//p' "$0" >&2; exit 2 ;;
esac
