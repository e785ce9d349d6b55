"""Input sets that a model itself makes, one file each; `analysis.inputs` finds them."""
