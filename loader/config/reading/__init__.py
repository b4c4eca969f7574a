"""Plain values, as YAML files and the environment hold them, read as types."""

from loader.config.reading.convert import Refused, Secret, Settings, read_as
from loader.config.reading.model_files import STAGING, ModelFiles, read_model_files
from loader.config.reading.problems import Problems
from loader.config.reading.spelling import meant
from loader.config.reading.yaml_files import read_yaml

__all__ = [
    "STAGING",
    "ModelFiles",
    "Problems",
    "Refused",
    "Secret",
    "Settings",
    "meant",
    "read_as",
    "read_model_files",
    "read_yaml",
]
