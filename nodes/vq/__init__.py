"""Nodes for VQ autoencoders: pictures as grids of tokens from a codebook."""
