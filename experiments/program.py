"""The name of the program on the command line."""

PROGRAM = "likelihood-curvature"
