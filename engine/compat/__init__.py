"""What node packs import from their host; this folder is on the import path of workers.

The modules here are thin names over the engine's own parts. What they share is in `host` and
`hosting`, which packs have no reason to import.
"""
