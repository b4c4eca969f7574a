"""Asks an API over HTTP for one page: the request, the answer, and who may get the secret."""
