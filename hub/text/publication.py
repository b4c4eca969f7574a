"""A publication as text."""

from loader.warehouse.snapshots import Publication


def render_publication(published: Publication | None) -> str:
    """One line."""
    if published is None:
        return "nothing new to publish"
    return (
        f"published {published.path.name}: {published.written / 1e6:.1f} MB written "
        f"of {published.size / 1e6:.1f} MB"
    )
