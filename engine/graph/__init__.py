"""Workflow graphs: the frozen model, both file formats, order, validation. No torch."""
