"""What packs import to take part in execution."""
