"""How a service knows us, and we know it."""
