"""Lenses of "Comparing and carrying over": two networks, two sets of images, two tasks."""
