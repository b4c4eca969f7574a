"""Questions to the warehouse: thin readers of the views in ops."""
