"""WebSocket: messages, connections, and the hub that publishes to them."""
