"""python -m device.cli: digitbox, where its program is not on the path."""

import sys

from device.cli import main

sys.exit(main())
