"""Sampling: from noise to latents, whole or in parts."""
