"""The name that picamera2 imports."""

PICAM2DNG = None
