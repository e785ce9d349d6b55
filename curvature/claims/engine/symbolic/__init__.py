"""What several claims share when they are put to sympy: H in symbols, and facts about kernels and signs."""
