"""Figures of tidy tables: one module a figure, found by a registry; one style for all."""
