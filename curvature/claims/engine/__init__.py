"""What a claim is, the search for counterexamples, and the run over all claims."""
