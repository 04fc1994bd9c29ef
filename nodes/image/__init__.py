"""Nodes that load, save, combine and change images."""
