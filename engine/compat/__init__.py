"""Modules that node packs import from their host; on sys.path in workers only."""
