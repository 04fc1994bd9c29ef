"""Changes to how a model is sampled."""
