"""The V3 node API: schemas declared with classes instead of dictionaries (contract §4.7)."""
