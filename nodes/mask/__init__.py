"""Nodes that make, combine and change masks."""
