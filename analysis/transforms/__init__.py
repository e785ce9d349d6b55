"""The transforms of input sets, one file each; `analysis.inputs` finds them."""
