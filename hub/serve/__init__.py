"""The server: the warehouse over HTTP, as JSON and as a page. Needs the extra `serve`."""
