"""Trains first stages and diffusion models: one trainer, several objectives, data sets."""
