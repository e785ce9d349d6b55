"""The curvature ladder: one likelihood gap, predicted on every rung and measured on the same samples."""
