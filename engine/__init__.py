"""The engine of Tessera: everything but the built-in nodes and the canvas editor."""
