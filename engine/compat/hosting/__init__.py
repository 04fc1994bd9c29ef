"""What the modules for packs share."""
