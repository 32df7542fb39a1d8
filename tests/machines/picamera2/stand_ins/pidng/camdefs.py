"""The name that picamera2 imports."""

Picamera2Camera = None
