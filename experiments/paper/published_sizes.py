"""Sizes of the published CV-Glows: Nalisnick et al. 2019 (arXiv 1810.09136), appendix A.

The paper's own optimizer ran for a million steps; the settings of training in the presets are ours.
"""

from experiments.models.registry import configuration

GRAY = configuration("glow", levels=2, steps=16, width=200)
COLOUR = configuration("glow", levels=3, steps=8, width=400)
