"""Models of the covariance of images, one file each; `analysis.statistics_ladder` climbs them."""
