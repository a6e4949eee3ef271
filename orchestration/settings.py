"""Settings, read from the environment; every one is named UNDERTOW_*."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from assets.sources.sessions import NEW_YORK

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "UNDERTOW_"
# Read by the tests and benchmarks only.
_FOREIGN = {"UNDERTOW_TEST_DATA"}


class SettingsError(Exception):
    """A setting is wrong; the message names it and says what is valid."""


class Settings(BaseSettings):
    """What a run needs to know.

    Attributes:
        profile: Where data comes from: demo (simulated), files (a folder) or live.
        files: The folder of vendor files; needed by the files profile.
        data: The folder that holds every profile's home.
        as_of: Rebuild what could have been known then; New York time where no zone is given.
        wait_seconds: How long a run waits for another one that has the warehouse.
        threads: DuckDB's threads; 0 takes one per core.
        memory_limit: DuckDB's memory limit.
        dealer_convention: What dealers are assumed to hold of the options that are open; one of
            reference.dealer_conventions.
        sec_identity: Name and mail address, which the SEC asks of whoever reads its filings; empty for no filings.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    profile: Literal["demo", "files", "live"] = "demo"
    files: Path | None = None
    data: Path = ROOT / "data"
    as_of: datetime | None = None
    wait_seconds: Annotated[float, Field(ge=0)] = 600
    threads: Annotated[int, Field(ge=0)] = 0
    memory_limit: Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?(MB|GB|TB|MiB|GiB|TiB)$")] = "1GB"
    dealer_convention: Literal["calls_long_puts_short", "all_short"] = "calls_long_puts_short"
    sec_identity: Annotated[str, Field(pattern=r"^(\S.* \S+@\S+\.\S+)?$")] = ""

    @field_validator("files", mode="before")
    @classmethod
    def _empty_is_none(cls, path: object) -> object:
        return path or None

    @field_validator("files", "data")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().resolve() if path else None

    @field_validator("as_of")
    @classmethod
    def _zoned(cls, moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=NEW_YORK) if moment and moment.tzinfo is None else moment

    @model_validator(mode="after")
    def _files_has_a_folder(self) -> Self:
        if self.profile == "files" and (self.files is None or not self.files.is_dir()):
            raise ValueError(f"UNDERTOW_FILES={str(self.files or '')!r}: the files profile needs an existing folder")
        return self

    @property
    def simulated(self) -> bool:
        """Whether the market is simulated."""
        return self.profile == "demo"

    @property
    def main_home(self) -> Path:
        """The profile's folder."""
        return self.data / self.profile

    @property
    def home(self) -> Path:
        """The folder of this build: the profile's own, or one of its as-of builds."""
        if self.as_of is None:
            return self.main_home
        return self.main_home / "as_of" / self.as_of.astimezone(NEW_YORK).strftime("%Y-%m-%dT%H%M")

    @property
    def published(self) -> Path:
        """The folder that readers open."""
        return self.home / "published"

    @property
    def published_file(self) -> Path:
        """The DuckDB file in it."""
        return self.published / "undertow.duckdb"


def notice(settings: Settings) -> str:
    """What stands before every description where the market is simulated; empty elsewhere."""
    return "SIMULATED MARKET, not real data. " if settings.simulated else ""


def load_settings(**given: Any) -> Settings:  # noqa: ANN401 - values of any setting
    """Settings from the environment, overridden by the arguments that are not None.

    Raises:
        SettingsError: If a setting is unknown or wrong.
    """
    valid = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in valid | _FOREIGN)
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: no such setting; valid are {', '.join(sorted(valid))}")
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem) for problem in error.errors())) from error


def _explain(problem: Any) -> str:  # noqa: ANN401 - pydantic's error details
    if not problem["loc"]:
        return str(problem["ctx"]["error"])
    name = PREFIX + "_".join(str(part) for part in problem["loc"]).upper()
    return f"{name}={problem['input']!r}: {problem['msg']}"
