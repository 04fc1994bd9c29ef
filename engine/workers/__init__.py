"""Worker processes: the wire to them, the pool that keeps them, their main loop."""
