# shellcheck shell=bash
# Sourced by deploy/install and deploy/rollback: one ssh connection to the box named in $host, for all that follows.
# DIGITBOX_SSH_CONFIG names a configuration for ssh in place of yours.

work=$(mktemp -d)
ssh_options=(-o ControlPath="$work/%C" -o ConnectTimeout=20)
[ -z "${DIGITBOX_SSH_CONFIG:-}" ] || ssh_options+=(-F "$(realpath "$DIGITBOX_SSH_CONFIG")")
host=
finish() {
    [ -z "$host" ] || ssh "${ssh_options[@]}" -O exit "$host" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

# shellcheck disable=SC2029  # it is meant to expand here
on_box() { ssh "${ssh_options[@]}" "$host" "$@"; }

# Opens one connection that asks for everything ssh may ask, and says what is wrong if it can't be opened; Ansible and all
# that follows go through it.
connect() {
    local words
    command -v ssh >/dev/null || need_packages openssh-client
    if ! ssh "${ssh_options[@]}" -M -o ControlPersist=600 "$host" true 2>"$work/words"; then
        words=$(tail -n 1 "$work/words" | tr -d '\r')
        case $words in
            *"resolve hostname"*) die "there is no ${host#*@} in this network; is the box switched on, and the name right? ($words)" ;;
            *"Permission denied"*) die "${host%@*} may not log in on ${host#*@}: the password or the key is wrong; 'ssh $host' must work first ($words)" ;;
            *"Host key verification failed"* | *"REMOTE HOST IDENTIFICATION"*)
                die "${host#*@} is another machine than it was, or not known yet; 'ssh $host' shows its key and asks you ($words)" ;;
            *"Connection refused"*) die "${host#*@} does not let anybody in; switch on ssh: sudo systemctl enable --now ssh, or in Raspberry Pi Imager ($words)" ;;
            *) die "${host#*@} cannot be reached; is the box on, and in the same network? (${words:-ssh says nothing})" ;;
        esac
    fi
    on_box 'command -v python3' >/dev/null || die "${host#*@} has no python3; install Raspberry Pi OS on it"
}
