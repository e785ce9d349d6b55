"""The publications that several claims cite, and how much of each was read."""

PAPER = "Nalisnick et al. 2019, arXiv 1810.09136; stated from the abstract"
PAPER_AS_QUOTED = "Nalisnick et al. 2019, arXiv 1810.09136; not read in full, stated as others quote it"
KIRICHENKO = (
    "Kirichenko, Izmailov and Wilson 2020, arXiv 2006.08545; not read in full: the abstract says that changed coupling "
    "layers detect better; masks and embeddings are stated as others quote them"
)
