"""`hub compact`: keeps the tables of a lakehouse in few files."""

from hub.extras import require_extra
from loader.config.project import Project
from loader.delta.compaction import Compacted, compact
from loader.delta.place import place_of


def compact_tables(project: Project, to: str) -> list[Compacted]:
    """Compact the tables that landings write at a place.

    Raises WrongUse where `to` names no place, HubError where it cannot be reached.
    """
    require_extra("delta")
    project.require_sound()
    return compact(project, place_of(to))
