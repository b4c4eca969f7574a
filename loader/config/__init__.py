"""Settings of the project, its sources and the environment, as types."""
