"""A sample API, and a demonstration that pulls from it: `make demo-api`."""
