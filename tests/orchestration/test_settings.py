"""Settings: what is wrong is named, with what would be right."""

from datetime import datetime
from pathlib import Path

import pytest

from assets.sources.sessions import NEW_YORK
from orchestration.settings import SettingsError, load_settings
from orchestration.sources import clock


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("UNDERTOW_PROFILE", "prod", "UNDERTOW_PROFILE='prod': Input should be 'demo', 'files' or 'live'"),
        ("UNDERTOW_PROFIL", "files", "UNDERTOW_PROFIL: no such setting; valid are UNDERTOW_AS_OF, UNDERTOW_DATA"),
        ("UNDERTOW_AS_OF", "yesterday", "UNDERTOW_AS_OF='yesterday': Input should be a valid datetime"),
        ("UNDERTOW_THREADS", "many", "UNDERTOW_THREADS='many': Input should be a valid integer"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert message in str(caught.value)


def test_the_files_profile_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="UNDERTOW_FILES='': the files profile needs an existing folder"):
        load_settings(profile="files")
    with pytest.raises(SettingsError, match=r"nowhere.*needs an existing folder"):
        load_settings(profile="files", files=tmp_path / "nowhere")


def test_each_build_has_its_own_home(tmp_path: Path) -> None:
    demo = load_settings(data=tmp_path)
    past = load_settings(data=tmp_path, as_of=datetime(2025, 11, 21, 18))  # noqa: DTZ001 - New York by default
    live = load_settings(data=tmp_path, profile="live")
    assert past.as_of == datetime(2025, 11, 21, 18, tzinfo=NEW_YORK)
    assert [s.home.relative_to(tmp_path).as_posix() for s in (demo, past, live)] == [
        "demo",
        "demo/as_of/2025-11-21T1800",
        "live",
    ]


def test_the_future_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="lies after 2025-12-31T18:00:00"):
        clock(load_settings(data=tmp_path, as_of=datetime(2026, 1, 2, 18, tzinfo=NEW_YORK)))
