"""Image data sets and their catalog."""
