"""Stands in for the display library that only Raspberry Pi's archive has; picamera2 imports it for its preview."""


class _Names(type):
    def __getattr__(cls, name):
        return name


class PixelFormat(metaclass=_Names):
    """Every format there may be, as its name."""
