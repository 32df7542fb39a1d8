"""The pictures that ship with digitbox: what `digitbox demo` shows the camera.

    python -m train.scenes device/pictures

draws them again. Each has a seed of its own, so that changing one leaves the others as they are.
"""

from __future__ import annotations

from train.scenes.camera import Camera, Light
from train.scenes.desk import Paper
from train.scenes.materials import (
    BEECH,
    BLACK_FELT,
    BLACK_GEL,
    BLUE_BALLPOINT,
    BLUE_GEL,
    CREAM,
    DAYLIGHT,
    GREEN_CLOTH,
    GREY_DESK,
    LAMP,
    OAK,
    OFFICE,
    PENCIL,
    PINK_NOTE,
    RECYCLED,
    RED_FELT,
    WALNUT,
    YELLOW_NOTE,
)
from train.scenes.settings import Settings
from train.scenes.strokes import Hand

BUNDLED: tuple[tuple[int, Settings], ...] = (
    (1, Settings(
        "7", BLUE_GEL, Hand(height_mm=19.0, forms=("barred",), slant_degrees=9.0),
        Paper(OFFICE, size_mm=(148.0, 105.0), place_mm=(57.0, 35.0), turn_degrees=9.0), OAK,
        Light((-180.0, -220.0, 330.0), 0.75, LAMP, shadow=0.3, shadow_degrees=40.0, shadow_mm=48.0),
        Camera(across_mm=118.0, aim_mm=(-9.0, 8.0), turn_degrees=-2.0, tilt_degrees=11.0, pan_degrees=-4.0),
    )),
    (2, Settings(
        "3", BLACK_FELT, Hand(height_mm=34.0, forms=("round",), slant_degrees=3.0, wobble=0.02),
        Paper(YELLOW_NOTE, size_mm=(76.0, 76.0), place_mm=(37.0, 40.0), turn_degrees=-6.0, lift_mm=7.0), WALNUT,
        Light((160.0, -260.0, 300.0), 0.8, LAMP),
        Camera(across_mm=132.0, aim_mm=(7.0, -3.0), tilt_degrees=10.0, pan_degrees=3.0, exposure=0.7),
    )),
    (3, Settings(
        "42", BLUE_BALLPOINT, Hand(height_mm=11.0, forms=("open", "sharp"), slant_degrees=11.0, gap=0.35),
        Paper(OFFICE, place_mm=(88.0, 86.2), turn_degrees=-3.0, ruling="ruled", spacing_mm=8.0, waviness=0.014), OAK,
        Light((-260.0, -120.0, 300.0), 0.6, DAYLIGHT, shadow=0.25, shadow_degrees=160.0, shadow_mm=22.0),
        Camera(across_mm=82.0, aim_mm=(3.0, 4.0), turn_degrees=1.5, tilt_degrees=8.0, photons=2500.0),
    )),
    (4, Settings(
        "0", PENCIL, Hand(height_mm=14.0, forms=("round",), slant_degrees=7.0),
        Paper(OFFICE, place_mm=(72.0, 101.0), turn_degrees=5.0, ruling="squared", spacing_mm=5.0), GREY_DESK,
        Light((120.0, -300.0, 420.0), 0.5, DAYLIGHT),
        Camera(across_mm=66.0, aim_mm=(-4.0, 2.0), turn_degrees=-3.0, tilt_degrees=6.0, blur_px=1.2),
    )),
    (5, Settings(
        "427", BLACK_GEL, Hand(height_mm=12.0, forms=("closed", "looped", "plain"), slant_degrees=5.0, gap=0.75),
        Paper(OFFICE, size_mm=(210.0, 148.0), place_mm=(96.0, 104.0), turn_degrees=-11.0, waviness=0.012), BEECH,
        Light((-140.0, -320.0, 380.0), 0.7, LAMP, shadow=0.35, shadow_degrees=65.0, shadow_mm=26.0),
        Camera(across_mm=128.0, aim_mm=(6.0, 9.0), turn_degrees=2.0, tilt_degrees=16.0, pan_degrees=-3.0),
    )),
    (6, Settings(
        "5", RED_FELT, Hand(height_mm=21.0, forms=("flowing",), slant_degrees=4.0),
        Paper(OFFICE, place_mm=(110.0, 140.0), turn_degrees=2.0, grain=0.016, waviness=0.016), OAK,
        Light((220.0, -180.0, 260.0), 0.75, LAMP, shadow=0.2, shadow_degrees=-150.0, shadow_mm=34.0),
        Camera(across_mm=92.0, aim_mm=(8.0, -5.0), turn_degrees=-4.0, tilt_degrees=5.0, pan_degrees=8.0),
    )),
    (7, Settings(
        "9", BLACK_GEL, Hand(height_mm=13.0, forms=("hooked",), slant_degrees=12.0),
        Paper(CREAM, place_mm=(34.0, 60.8), turn_degrees=7.0, ruling="ruled", spacing_mm=9.0), GREEN_CLOTH,
        Light((-200.0, -240.0, 360.0), 0.6, DAYLIGHT),
        Camera(across_mm=84.0, aim_mm=(-12.0, 3.0), turn_degrees=-2.0, tilt_degrees=10.0, pan_degrees=3.0),
    )),
    (8, Settings(
        "1", BLUE_BALLPOINT, Hand(height_mm=12.0, forms=("footed",), slant_degrees=8.0),
        Paper(OFFICE, place_mm=(58.0, 76.0), turn_degrees=-4.0, ruling="squared", spacing_mm=5.0, waviness=0.015), OAK,
        Light((-160.0, 200.0, 330.0), 0.7, LAMP, shadow=0.3, shadow_degrees=10.0, shadow_mm=30.0, shadow_soft_mm=25.0),
        Camera(across_mm=64.0, aim_mm=(4.0, -3.0), tilt_degrees=7.0, pan_degrees=-5.0, blur_px=1.3),
    )),
    (9, Settings(
        "8", BLACK_FELT, Hand(height_mm=38.0, forms=("crossed",), slant_degrees=6.0),
        Paper(PINK_NOTE, size_mm=(76.0, 76.0), place_mm=(39.0, 37.0), turn_degrees=13.0, lift_mm=5.0), GREY_DESK,
        Light((-220.0, -160.0, 300.0), 0.65, DAYLIGHT),
        Camera(across_mm=122.0, aim_mm=(-8.0, 4.0), turn_degrees=-3.0, tilt_degrees=9.0, pan_degrees=5.0),
    )),
    (10, Settings(
        "6", PENCIL, Hand(height_mm=16.0, forms=("curved",), slant_degrees=10.0),
        Paper(CREAM, size_mm=(148.0, 210.0), place_mm=(104.0, 58.0), turn_degrees=-8.0, grain=0.018), WALNUT,
        Light((-240.0, -200.0, 280.0), 0.8, LAMP, shadow=0.2, shadow_degrees=120.0, shadow_mm=28.0),
        Camera(across_mm=96.0, aim_mm=(12.0, 6.0), turn_degrees=3.0, tilt_degrees=12.0),
    )),
    (102, Settings(
        "4", BLACK_FELT, Hand(height_mm=36.0, forms=("closed",), slant_degrees=2.0, width=1.1),
        Paper(OFFICE, place_mm=(120.0, 150.0), turn_degrees=4.0, waviness=0.016), OAK,
        Light((180.0, -280.0, 340.0), 0.7, DAYLIGHT, shadow=0.35, shadow_degrees=150.0, shadow_mm=52.0),
        Camera(across_mm=104.0, aim_mm=(-5.0, 2.0), turn_degrees=-5.0, tilt_degrees=7.0, pan_degrees=-6.0),
    )),
    (12, Settings(
        "2", BLUE_GEL, Hand(height_mm=15.0, forms=("sharp",), slant_degrees=7.0),
        Paper(RECYCLED, size_mm=(210.0, 148.0), place_mm=(112.0, 44.0), turn_degrees=6.0, grain=0.024), BEECH,
        Light((-100.0, -340.0, 360.0), 0.55, DAYLIGHT),
        Camera(across_mm=102.0, aim_mm=(-7.0, -9.0), turn_degrees=-1.0, tilt_degrees=13.0, photons=2500.0),
    )),
)  # fmt: skip
"""Seed and settings of each, in the order in which the demo shows them."""
