"""The curvature ladder: one likelihood gap, predicted in several ways and measured."""
