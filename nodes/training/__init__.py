"""Nodes that make data sets, train models on them and keep the results."""
