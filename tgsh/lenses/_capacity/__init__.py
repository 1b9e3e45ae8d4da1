"""Instruments of the chapter on capacity, clusters and robustness; `tgsh.lenses` has their names."""
