"""The durable queue: what was submitted, what runs, what is done. SQLite is the truth."""
