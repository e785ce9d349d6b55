"""The machinery under the claims: what a claim is, the search for counterexamples, and the run over all claims."""
