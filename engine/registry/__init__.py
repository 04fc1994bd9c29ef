"""Node types: what they take and give, and where they come from. No torch."""
