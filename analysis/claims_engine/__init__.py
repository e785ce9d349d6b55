"""How claims about data are stated, found, evaluated on tables and told."""
