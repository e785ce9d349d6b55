"""The claims about data, one file each: what the paper and its followers say, held against measured tables.

A claim is added as one file of this package that defines ``CLAIM = DataClaim(...)``, and a test; nothing else names it.
Take `lower_contrast_likelier.py` as the pattern.
"""
