"""Prompts: syntax, tokens, chunks, weights, conditioning."""
