"""Small models of every family, trained alike and held against the paper's pairs: the table families x pairs."""
