"""Prompts: encoding, mixing, and where and when they apply."""
