"""Quantitative PCR by standard curve: copies and vector copy number from RDML."""
