"""The transforms of what a model takes, one file each, made after dequantisation; `analysis.inputs` finds them."""
