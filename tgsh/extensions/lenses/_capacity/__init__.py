"""Instruments of the chapter on capacity, clusters and robustness; `tgsh.extensions.lenses` has their names."""
