"""What can be trained: first stages and latent diffusion."""
