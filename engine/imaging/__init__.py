"""Pictures: Pillow and tensors, resizing, masks, metadata in files."""
