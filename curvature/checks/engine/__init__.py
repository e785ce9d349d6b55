"""What runs the checks: the flow under test, the cases drawn for it, the search, and the results."""
