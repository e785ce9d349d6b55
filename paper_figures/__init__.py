"""Figures made from tidy tables: one module for each figure, found by a registry; one style for all."""
