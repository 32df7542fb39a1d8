"""Pens, tables, papers and lights as one finds them about a house; colours are those of photographs of the things."""

from __future__ import annotations

from train.scenes.area import Colour
from train.scenes.desk import Table
from train.scenes.ink import Pen

BLUE_BALLPOINT = Pen((168, 70, 52), width_mm=0.75, density=1.15, flatness=1.5, dryness=0.08, tooth=0.15, bleed_mm=0.01)
BLACK_GEL = Pen((54, 48, 48), width_mm=0.85, density=1.2, flatness=3.0, dryness=0.0, tooth=0.05, bleed_mm=0.015)
BLUE_GEL = Pen((160, 58, 38), width_mm=0.9, density=1.2, flatness=3.0, dryness=0.0, tooth=0.06, bleed_mm=0.015)
BLACK_FELT = Pen((58, 52, 50), width_mm=2.4, density=1.1, flatness=3.0, yielding=0.4, dryness=0.0, tooth=0.06)
RED_FELT = Pen((52, 44, 208), width_mm=1.5, density=1.1, flatness=2.0, yielding=0.4, dryness=0.0, tooth=0.08)
PENCIL = Pen((112, 108, 108), width_mm=0.75, density=1.2, flatness=1.0, yielding=0.5, dryness=0.1, tooth=0.35)

OAK = Table("wood", light=(96, 142, 182), dark=(50, 86, 124))
WALNUT = Table("wood", light=(52, 74, 104), dark=(26, 38, 58))
BEECH = Table("wood", light=(140, 184, 218), dark=(92, 138, 180))
GREY_DESK = Table("laminate", light=(150, 150, 146), dark=(118, 118, 116))
GREEN_CLOTH = Table("cloth", light=(84, 104, 72), dark=(50, 66, 42))

OFFICE: Colour = (236, 240, 240)
CREAM: Colour = (206, 226, 236)
RECYCLED: Colour = (190, 202, 206)
YELLOW_NOTE: Colour = (120, 226, 246)
PINK_NOTE: Colour = (196, 170, 244)

DAYLIGHT: Colour = (255, 253, 249)
LAMP: Colour = (226, 244, 255)

PENS = (BLUE_BALLPOINT, BLACK_GEL, BLUE_GEL, BLACK_FELT, RED_FELT, PENCIL)
TABLES = (OAK, WALNUT, BEECH, GREY_DESK, GREEN_CLOTH)
PAPERS = (OFFICE, OFFICE, CREAM, RECYCLED, YELLOW_NOTE, PINK_NOTE)
"""Colours of paper as often as one meets them."""
