"""Nodes that load model files."""
