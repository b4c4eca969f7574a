"""Streams: records of Kafka topics, landed in small batches and built at once."""
