"""Weights: folders, safe reading, detection, families, patches, residency."""
