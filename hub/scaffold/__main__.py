"""`make contracts`: writes the files that follow from the contracts, where they are stale."""

import sys
from pathlib import Path

from hub.scaffold.derived.files import write_stale_files
from loader.errors import HubError


def main() -> int:
    """Write the stale files of the project in the current folder; says which."""
    try:
        stale = write_stale_files(Path.cwd())
    except HubError as error:
        print(f"contracts: {error}", file=sys.stderr)
        return error.exit_code
    for each in stale:
        print(f"{'removed' if each.text is None else 'wrote'} {each.path}")
    if not stale:
        print("all derived files are as the contracts say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
