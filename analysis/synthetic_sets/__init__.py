"""Input sets that are computed rather than read from files, one file each; `analysis.inputs` finds them."""
