#!/usr/bin/env bash
# Runs a command and says how long it took: by the clock, and in seconds of a processor, of all that it started, a container
# among it. On a machine that others use only the second says what a quiet one would take.
#   timed.sh COMMAND...
set -euo pipefail
[ $# -gt 0 ] || { sed -n '2,4s/^# \?//p' "$0" >&2; exit 2; }
name=digitbox-timed-$$
if [ -d /sys/fs/cgroup/cpuacct ]; then group=/sys/fs/cgroup/cpuacct/$name; else group=/sys/fs/cgroup/$name; fi
mkdir "$group" || { echo "error: only root can count what a container takes" >&2; exit 1; }

used() { # seconds of a processor: nanoseconds in cgroup v1, microseconds in v2
  if [ -e "$group/cpuacct.usage" ]; then awk '{ print int($1 / 1e9) }' "$group/cpuacct.usage"
  else awk '$1 == "usage_usec" { print int($2 / 1e6) }' "$group/cpu.stat"; fi
}

begin=$SECONDS status=0
sh -c 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"' sh "$group" "$@" || status=$?
echo "$((SECONDS - begin)) s by the clock, $(used) s of a processor; load $(cut -d' ' -f1 /proc/loadavg) on $(nproc)" >&2
find "$group" -depth -type d -exec rmdir {} + 2> /dev/null || true # the rest goes when the last process has
exit $status
