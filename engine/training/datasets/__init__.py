"""Data sets: picture folders, icon sets, cached latents."""
