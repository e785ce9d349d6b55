"""Constant-volume Glow and toy flows with known closed forms."""
