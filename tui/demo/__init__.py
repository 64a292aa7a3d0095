"""An embedded Enterprise Manager: a real HTTPS server on loopback with its own world, clock and faults.

It shares no code with the client, so that it cannot agree with a mistake of the client.
"""
