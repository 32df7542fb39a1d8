"""One file per backend, named <port>_<backend>.py; `ls` is the hardware list."""
