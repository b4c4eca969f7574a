"""The benchmark: what the hub costs, as ratios to a baseline measured in the same session.

`python -m tests.bench` from the project's folder runs it; docs/performance.md says what it means.
The harness itself stays small and does its work in child processes: the peak memory of a child
is never reported as less than that of the process that started it.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
