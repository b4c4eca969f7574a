"""The files that follow from the contracts: models with their YAML, and docs/contracts.md."""
