"""Version of this project, as every answer for a machine states it."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def project_version() -> str:
    """Version of the installed distribution; "unknown" where the project runs without being installed."""
    try:
        return version("compression-writability")
    except PackageNotFoundError:
        return "unknown"
