"""What several claims share in their evidence from sympy: H in symbols, and facts about kernels and signs."""
