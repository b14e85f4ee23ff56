"""The REST calls: addresses, arguments, formats."""
