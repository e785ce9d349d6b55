"""The rungs of the curvature ladder, one file each; `curvature.ladder.registry` finds them."""
