"""Flows of linear maps and elementwise activations, described layer by layer so that curvature passes them by hand."""
