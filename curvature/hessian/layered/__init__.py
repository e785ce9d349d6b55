"""Flows of linear maps and elementwise activations, described layer by layer, so that curvature needs no autograd."""
