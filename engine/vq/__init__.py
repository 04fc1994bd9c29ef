"""Vector quantisation: codes, token grids and the networks around them (arXiv:1711.00937)."""
