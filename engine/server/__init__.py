"""The HTTP and WebSocket server: it holds no model and runs no node."""
