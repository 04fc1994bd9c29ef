"""The sampler functions of packs, and small tools for them."""
