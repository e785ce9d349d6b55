"""Property tests: statements in numbers, the search for a case that violates one, and counterexamples as programs.

The claims of the theory (`curvature.claims`) and the checks of a user's flow (`curvature.checks`) stand on it.
"""
