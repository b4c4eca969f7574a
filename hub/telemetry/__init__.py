"""Telemetry, where the environment asks for it: OpenLineage events and OpenTelemetry spans of runs.

The libraries are in the extra `telemetry`, and are imported where a setting is on.
"""
