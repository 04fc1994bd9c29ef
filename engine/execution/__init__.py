"""Runs graphs: what has to run (pure), in which order (pure), and the runner with its events."""
