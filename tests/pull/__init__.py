"""`hub pull` against the demo's sample API, which fails as APIs do, and the parts it is made of."""
