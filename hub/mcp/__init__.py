"""The Model Context Protocol: the hub for programs that ask. An extra: docs/mcp.md."""
