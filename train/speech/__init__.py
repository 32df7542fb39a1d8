"""Measures how well the box hears: spoken digits, commands, other speech and noise, through its own listener."""
