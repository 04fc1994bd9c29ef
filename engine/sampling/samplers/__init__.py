"""One file per family; each sampler registers itself."""
