"""Exits with 0 where the server in this container can answer reads, else with 1."""

import os
import sys
import urllib.request

_SECONDS = 5


def main() -> int:
    """0 where GET /health answers with 200; it is asked on this very machine, without a proxy."""
    address = f"http://127.0.0.1:{os.environ.get('API_PORT') or '8000'}/health"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=_SECONDS) as answer:
            print(answer.read().decode())
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
