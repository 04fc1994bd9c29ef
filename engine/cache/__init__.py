"""What was computed once is found again: keys, tiers, eviction."""
