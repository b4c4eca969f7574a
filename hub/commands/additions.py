"""What is added to a project: `hub new source` and `hub new entity`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.scaffold.additions import Addition
from hub.scaffold.names_to_take import source_name_for
from hub.scaffold.new_entity import SampleFile, plan_entity
from hub.scaffold.new_source import plan_source, write_addition
from loader.config.project import Project
from loader.config.sources import is_name
from loader.errors import WrongUse

__all__ = ["mapping_of", "plan_entity", "plan_source", "sample_files", "write"]


def write(project: Project, addition: Addition) -> Addition:
    """Write the files of an addition: all, or, raising HubError, none."""
    return write_addition(project, addition)


def sample_files(project: Project, given: Sequence[str]) -> list[SampleFile]:
    """The files of samples, each with its source: SOURCE=FILE, or FILE alone."""
    files = []
    for text in given:
        source, equals, file = text.partition("=")
        # a file may have the sign in its name
        if equals and is_name(source) and not Path(text).exists():
            files.append(SampleFile(source, Path(file)))
        else:
            files.append(SampleFile(source_name_for(Path(text), project.landing), Path(text)))
    return files


def mapping_of(given: Sequence[str]) -> Mapping[str, str]:
    """The fields that were said, by column: of COLUMN=FIELD each. Raises WrongUse."""
    named = {}
    for text in given:
        column, equals, field = text.partition("=")
        if not equals or not column or not field:
            raise WrongUse(
                f"--map {text}", "it is not COLUMN=FIELD", "Write such as --map order_id=ref."
            )
        named[column] = field
    return named
