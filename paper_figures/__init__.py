"""One module for each figure, one style for all."""
