"""The built-in nodes: one file per node, or per idea that several nodes share."""
