"""The data sets, a module each: what it defines as ``DATA_SET`` is in the catalog, and nothing else names it."""
