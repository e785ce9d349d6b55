"""Numbers of an image that may explain its log p instead of the second order, one file each (`evaluation`)."""
