#!/usr/bin/env bash
# Run a Python module beside the real picamera2 and the real libcamera, whose virtual camera shows a picture, in Debian
# 13 with the Python and the NumPy of Raspberry Pi OS 13. Built when first used, in two minutes.
#
#   picamera2.sh PICTURE MODULE [ARGUMENT]...
#
#   PICTURE   a JPEG of this repository, `bars` for libcamera's colour bars, or `none`: no camera at all
#   MODULE    such as device.cli; also those in tests/machines/picamera2
set -euo pipefail
# shellcheck source=tests/machines/machine.sh
. "$(dirname "$0")/machine.sh"

root=$machines/picamera2
library=/usr/local/lib/libfakedmabuf.so
picture=$1
shift

build_root trixie "$root" ca-certificates espeak-ng libcamera-ipa libcamera0.4 python3-libcamera python3-numpy \
  python3-pil python3-prctl python3-venv

if [ "$here/picamera2/fakedmabuf.c" -nt "$root$library" ]; then
  gcc -shared -fPIC -O2 -Wall -Wextra -o "$root$library" "$here/picamera2/fakedmabuf.c"
fi

stamp=$(cat "$0" "$here/machine.sh" "$repository/pyproject.toml" | sha256sum)
if [ "$(cat "$root/.stamp" 2>/dev/null)" != "$stamp" ]; then
  install_environment "$root"
  # Without its dependencies: Debian has some of them, and PiDNG has no wheel.
  in_root "$root" /opt/digitbox/bin/pip install --quiet --root-user-action=ignore --only-binary=:all: --no-deps \
    picamera2==0.3.38 attrs av jsonschema jsonschema-specifications libarchive-c OpenEXR piexif referencing rpds-py \
    simplejpeg tqdm videodev2
  echo "$stamp" > "$root/.stamp"
fi

camera=$root/usr/share/libcamera/pipeline/virtual/virtual.yaml
mkdir -p "$(dirname "$camera")"
case $picture in
  none) rm -f "$camera" ;;
  bars) shows='test_pattern: bars' ;;
  *) shows="frames: { path: /srv/digitbox/$(realpath --relative-to="$repository" "$picture") }" ;;
esac
if [ "$picture" != none ]; then
  cat > "$camera" << YAML
"Virtual0":
  supported_formats:
    - { width: 640, height: 480, frame_rates: [30] }
    - { width: 1640, height: 1232, frame_rates: [30] }
  $shows
  location: CameraLocationExternal
  model: Virtual camera
YAML
fi

in_root "$root" LD_PRELOAD="$library" LIBCAMERA_LOG_LEVELS='*:ERROR' PYTHONDONTWRITEBYTECODE=1 \
  DIGITBOX_TEST_PICTURE="$picture" \
  PYTHONPATH=/srv/digitbox:/srv/digitbox/tests/machines/picamera2:/srv/digitbox/tests/machines/picamera2/stand_ins \
  /opt/digitbox/bin/python -m virtual_camera "$@"
