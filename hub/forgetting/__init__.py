"""Forgetting a key: finding what holds it, removing that, and proving that nothing is left."""
