"""The synthetic photographer: photographs of handwriting on sheets and boards, with labels and exact boxes.

    python -m train.photographs draw --kind mixed --count 300 --seed 204 --out DIR
    python -m train.photographs measure --data ../shared/data --count 2000 --out DIR

`train.scenes` draws single lines slowly, with every fibre of the paper, for the bundled pictures; this package draws
whatever a box may be shown, fast: about a tenth of a second for two megapixels.
"""
