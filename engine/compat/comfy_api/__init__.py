"""The V3 node API under the names packs import."""
