"""A project that was laid down as text."""

from hub.scaffold.init import NewProject
from hub.text.lines import text_of


def render_new_project(made: NewProject, *, is_dry: bool) -> str:
    """What was laid down and what comes next, or, dry, the files that would be."""
    if is_dry:
        return text_of([*made.files, f"{len(made.files)} files would be in {made.folder}"])
    return text_of(
        [
            f"laid down {made.folder}: {len(made.files)} files",
            "next: go there, and `hub run --landing samples`; README.md says more",
        ]
    )
