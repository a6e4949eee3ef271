"""Series in the folder of vendor files: what is read, what is left alone, and how a broken file is refused."""

from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from assets.sources.file_series import FileSeries
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, ListedSeries

SOFR, DFF = ListedSeries("SOFR", "SOFR"), ListedSeries("DFF", "DFF")
DIX, GEX = ListedSeries("SQUEEZEMETRICS_DIX"), ListedSeries("SQUEEZEMETRICS_GEX")
FSI = ListedSeries("OFR_FSI")
GOOD = b"date,value\n2025-11-19,3.91\n2025-11-20,3.9\n"
STRESS = b"Date,OFR FSI,Credit\n2025-11-19,-1.5,0.1\n2025-11-20,2,0.3\n"
FIGURES = b"date,price,dix,gex\n2025-11-19,6642.2,0.44,1e9\n2025-11-20,6538.8,0.45,\n"


def put(folder: Path, name: str, content: bytes) -> None:
    """Write one file of the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def read(folder: Path, *listed: ListedSeries) -> Delivery:
    return FileSeries(folder).series(listed or (SOFR, DFF, DIX, GEX, FSI), pd.DataFrame())


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        b"observation_date,SOFR\n2025-11-19,3.91\n2025-11-20,3.90\n",
        b"\xef\xbb\xbfDATE,SOFR\r\n2025-11-18,.\r\n2025-11-19,3.91\r\n2025-11-20, 3.9\r\n2025-11-21,\r\n\r\n",
        b"VALUE,note,Date\n3.91,,2025-11-19\n3.9,x,2025-11-20",
    ],
)
def test_every_form_of_a_series_delivers_the_same_rows(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, "series/SOFR.csv", content)
    days = pd.to_datetime(["2025-11-19", "2025-11-20"]).as_unit("us")
    expected = pd.DataFrame({"series_id": "SOFR", "date": days, "value": [3.91, 3.9], "source": "files/series"})
    delivery = read(tmp_path)
    assert_frame_equal(delivery.rows, expected[list(COLUMNS)])
    assert delivery.failures == ()


def test_each_figure_of_squeezemetrics_is_a_series(tmp_path: Path) -> None:
    put(tmp_path, "gex/b.csv", FIGURES)
    put(tmp_path, "gex/a.csv", FIGURES[: FIGURES.index(b"2025-11-20")])
    put(tmp_path, "gex/.c.csv", b"")
    rows = read(tmp_path).rows
    assert rows.drop(columns="date").to_numpy().tolist() == [
        ["SQUEEZEMETRICS_DIX", 0.44, "files/gex"],
        ["SQUEEZEMETRICS_DIX", 0.45, "files/gex"],
        ["SQUEEZEMETRICS_GEX", 1e9, "files/gex"],
    ]


def test_the_stress_index_stands_in_a_table_of_its_publishers(tmp_path: Path) -> None:
    put(tmp_path, "series/ofr_fsi.csv", STRESS)
    put(tmp_path, "series/ofr_fsi_old.csv", b"\x00 no series")
    delivery = read(tmp_path)
    assert delivery.failures == ()
    assert delivery.rows.drop(columns="date").to_numpy().tolist() == [
        ["OFR_FSI", -1.5, "files/series"],
        ["OFR_FSI", 2.0, "files/series"],
    ]
    put(tmp_path, "series/ofr_fsi.csv", STRESS.replace(b"OFR FSI", b"FSI"))
    [failure] = read(tmp_path).failures
    assert failure.reason == "files/series/ofr_fsi.csv: column missing: OFR FSI; found: Date, FSI, Credit"


def test_what_is_not_listed_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "series/SOFR.csv", GOOD)
    for name in ("series/WALCL.csv", "series/SOFR_old.csv", "series/.csv", "series/notes.json", "gex/a.csv"):
        put(tmp_path, name, b"\x00 no series")
    delivery = read(tmp_path, SOFR, DFF, ListedSeries("OTHER"))
    assert delivery.rows["series_id"].unique().tolist() == ["SOFR"]
    assert delivery.failures == ()


def test_a_folder_without_series_has_none(tmp_path: Path) -> None:
    delivery = read(tmp_path)
    assert (tuple(delivery.rows.columns), len(delivery.rows), delivery.failures) == (COLUMNS, 0, ())


BROKEN = {
    "zero bytes": (b"", "column missing: date or observation_date; found: "),
    "header only": (b"date,value\n", "holds no number"),
    "nothing but gaps": (b"date,value\n2025-11-19,\n2025-11-20,.\n", "holds no number"),
    "web page": (b"<html>\n", "is a web page, not CSV"),
    "garbage": (b"\xff\xfe\x00d", "cannot be read: 'utf-8' codec"),
    "open quote": (GOOD + b'2025-11-21,"3.9\n', "cannot be read: unexpected end of data"),
    "semicolons": (GOOD.replace(b",", b";"), "column missing: date or observation_date; found: date;value"),
    "another series": (GOOD.replace(b"value", b"DFF"), "column missing: value or SOFR; found: date, DFF"),
    "value twice": (
        b"date,value,SOFR\n2025-11-19,1,2\n",
        "columns value, SOFR all stand for value or SOFR; found: date, value, SOFR",
    ),
    "cut row": (GOOD + b"2025-11-21", "row 3 below the header: 1 fields, the header has 2"),
    "American date": (
        GOOD + b"11/21/2025,3.9\n",
        "row 3 below the header: date is '11/21/2025', not a date YYYY-MM-DD",
    ),
    "no such date": (GOOD + b"2025-02-30,3.9\n", "row 3 below the header: date is '2025-02-30'"),
    "short date": (GOOD + b"2025-11-2,3.9\n", "row 3 below the header: date is '2025-11-2'"),
    "date twice": (GOOD + b"\n2025-11-19,3.91\n", "row 4 below the header: date 2025-11-19 stands there twice"),
    "text": (GOOD + b"2025-11-21,NA\n", "row 3 below the header: value of 2025-11-21 is 'NA', not a number"),
    "infinite": (GOOD + b"2025-11-21,1e999\n", "row 3 below the header: value of 2025-11-21 is '1e999', not a number"),
    "not a number": (GOOD + b"2025-11-21,nan\n", "row 3 below the header: value of 2025-11-21 is 'nan', not a number"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_a_failure_of_its_series_alone(tmp_path: Path, content: bytes, said: str) -> None:
    put(tmp_path, "series/SOFR.csv", content)
    put(tmp_path, "series/DFF.csv", GOOD)
    delivery = read(tmp_path)
    assert delivery.rows["series_id"].unique().tolist() == ["DFF"]
    (failure,) = delivery.failures
    assert failure.symbol == "SOFR"
    assert failure.reason.startswith(f"files/series/SOFR.csv: {said}")


def test_files_that_contradict_each_other_are_a_failure(tmp_path: Path) -> None:
    put(tmp_path, "gex/a.csv", FIGURES)
    put(tmp_path, "gex/b.csv", FIGURES.replace(b"1e9", b"2e9"))
    delivery = read(tmp_path)
    assert delivery.rows["series_id"].unique().tolist() == ["SQUEEZEMETRICS_DIX"]
    (failure,) = delivery.failures
    assert failure.reason == "files/gex SQUEEZEMETRICS_GEX 2025-11-19: a.csv, b.csv give it different numbers"


def test_nothing_but_broken_files_is_a_failure_of_each_series(tmp_path: Path) -> None:
    put(tmp_path, "gex/a.csv", FIGURES.replace(b"dix,gex", b"dax,gax"))
    delivery = read(tmp_path)
    assert delivery.rows.empty
    assert [failure.reason.split(":")[1] for failure in delivery.failures] == [" column missing"] * 2


def test_the_real_folder(market_data: Path) -> None:
    weekly = (ListedSeries("ANFCI", "ANFCI"), ListedSeries("STLFSI4", "STLFSI4"))
    delivery = read(market_data, SOFR, DFF, DIX, GEX, FSI, *weekly)
    assert delivery.failures == ()
    rows = delivery.rows.set_index(["series_id", "date"])["value"]
    assert rows["SOFR", "2025-11-20"] == pytest.approx(3.91)
    assert rows["DFF", "2025-11-20"] == pytest.approx(3.88)
    assert not rows.index.has_duplicates
    assert len(rows["SOFR"]) == 1908
    assert rows["OFR_FSI", "2020-03-18"] > 8
    for one in weekly:
        assert set(rows[one.series_id].index.day_name()) == {"Friday"}
