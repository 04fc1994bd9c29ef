"""Handlers, one module per resource: parse, one call, serialise."""
