"""Plain values: text, numbers, and a look at anything."""
