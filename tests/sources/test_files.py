"""The folder of vendor files: what is read, under which name, and how each broken file is refused."""

import dataclasses
import gzip
import io
from pathlib import Path

import pandas as pd
import pytest

from assets.sources.errors import SourceError
from assets.sources.files import FilePrices
from assets.sources.prices import COLUMNS, Delivery, Instrument

LISTED = (
    Instrument("SPX", "index", "benchmark", "", "XNYS", "^GSPC"),
    Instrument("VIX", "volatility", "implied_vol", "", "XNYS", "^VIX"),
    Instrument("SPY", "etf", "broad_market", "", "XNYS", "SPY"),
)

BARS = pd.DataFrame(
    {
        "symbol": ["SPY", "SPY", "^GSPC"],
        "date": pd.to_datetime(["2025-11-20", "2025-11-21", "2025-11-21"]),
        "open": [672.9, 655.1, 6555.8],
        "high": [675.6, 664.5, 6660.4],
        "low": [651.9, 650.9, 6521.9],
        "close": [652.5, 659.0, 6602.99],
        "adj_close": [650.6, 657.1, None],
        "volume": [165_293_500, 0, 0],
        "source": "vendor",
    }
)
HEADER = b"symbol,date,open,high,low,close\n"
ROW = b"SPY,2025-11-20,672.9,675.6,651.9,652.5\n"
GOOD = HEADER + ROW


def put(folder: Path, name: str, content: bytes) -> Path:
    """Write one file of the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def as_csv(frame: pd.DataFrame) -> bytes:
    """Write the frame as CSV."""
    content: str = frame.to_csv(index=False)
    return content.encode()


def as_parquet(frame: pd.DataFrame) -> bytes:
    """Write the frame as Parquet."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def read(folder: Path) -> Delivery:
    """Everything the folder holds of the listed instruments."""
    return FilePrices(folder).prices(LISTED, pd.DataFrame())


def sorted_bars(delivery: Delivery) -> pd.DataFrame:
    """Bars without their source, in a fixed order."""
    return delivery.rows.drop(columns="source").sort_values(["symbol", "date"], ignore_index=True)


def test_every_form_of_a_table_delivers_the_same_bars(tmp_path: Path) -> None:
    turned = BARS[BARS.columns[::-1]].rename(columns=str.upper)
    forms = {
        "a.parquet": as_parquet(BARS),
        "a.csv": as_csv(BARS),
        "bom_and_crlf.csv": b"\xef\xbb\xbf" + as_csv(BARS).replace(b"\n", b"\r\n"),
        "a.csv.gz": gzip.compress(as_csv(BARS)),
        "turned.csv": as_csv(turned),
        "turned.parquet": as_parquet(turned),
        "text.parquet": as_parquet(BARS.astype({"date": "str", "close": "str"})),
    }
    expected = BARS.drop(columns="source").assign(
        symbol=["SPY", "SPY", "SPX"],
        volume=[165_293_500.0, 0.0, float("nan")],
        dividend=float("nan"),
        split=float("nan"),
    )
    expected = expected.sort_values(["symbol", "date"], ignore_index=True)
    for name, content in forms.items():
        # Characters that mean something to a glob, to SQL or to Hive partitioning.
        folder = tmp_path / "it's [1] *" / "close=7" / name
        put(folder, f"prices/{name}", content)
        delivery = read(folder)
        assert tuple(delivery.rows.columns) == COLUMNS
        assert set(delivery.rows["source"]) == {"files/prices"}
        pd.testing.assert_frame_equal(sorted_bars(delivery), expected, check_dtype=False)
        assert delivery.rows["date"].dtype.kind == "M"


def test_a_fund_has_a_value_a_day_and_no_volume(tmp_path: Path) -> None:
    put(tmp_path, "prices/full.csv", HEADER.replace(b"close", b"close,volume") + b"FCNTX,2025-11-20,19,19,19,19,0\n")
    put(tmp_path, "prices/values.csv", b"symbol,date,close\nFCNTX,2025-11-21,19.2\n")
    fund = Instrument("FCNTX", "fund", role="", sector="", calendar="XNYS", yahoo_symbol="FCNTX")
    rows = FilePrices(tmp_path).prices([fund], pd.DataFrame()).rows
    assert rows["close"].tolist() == [19.0, 19.2]
    assert rows["open"].isna().tolist() == [False, True]
    assert rows["volume"].isna().all()


def test_both_layouts_of_cboe(tmp_path: Path) -> None:
    put(
        tmp_path / "bars",
        "vol_indices/VIX_History.csv",
        b"DATE,OPEN,HIGH,LOW,CLOSE\n11/21/2025,28,29,23,23.43\n",
    )
    put(tmp_path / "value", "vol_indices/VIX_History.csv", b"DATE,VIX\n11/21/2025,23.430000\n")
    columns = ["symbol", "date", "open", "high", "low", "close", "source"]
    day, source = pd.Timestamp("2025-11-21"), "files/vol_indices"
    (bar,) = read(tmp_path / "bars").rows[columns].itertuples(index=False)
    assert tuple(bar) == ("VIX", day, 28, 29, 23, 23.43, source)
    (value,) = read(tmp_path / "value").rows.itertuples(index=False)
    assert (value.symbol, value.date, value.close, value.source) == ("VIX", day, 23.43, source)
    assert pd.isna([value.open, value.high, value.low, value.volume]).all()


def test_an_instrument_is_found_under_either_name_and_the_rest_is_counted(tmp_path: Path) -> None:
    strangers = [f"S{n}" for n in range(6)]
    table = pd.DataFrame({"symbol": ["^GSPC", *strangers], "date": "2025-11-21", "close": 1.0})
    put(tmp_path, "prices/yahoo.csv", as_csv(table))
    put(tmp_path, "prices/own.csv", b"symbol,date,close\nSPX,2025-11-20,2\n")
    delivery = read(tmp_path)
    assert delivery.rows[["source", "symbol"]].to_numpy().tolist() == [["files/prices", "SPX"]] * 2
    reasons = {failure.symbol: failure.reason for failure in delivery.failures}
    assert list(reasons) == ["VIX", "SPY", "*"]
    assert reasons["VIX"] == "in no file, as ^VIX or VIX"
    assert reasons["*"] == "6 symbols in the files are no instruments and were not loaded: S0, S1, S2, S3, S4, ..."


def test_actions_under_either_name_and_what_is_not_reported_stays_missing(tmp_path: Path) -> None:
    put(
        tmp_path,
        "prices/a.csv",
        b"symbol,date,close,Dividends,Splits\nSPY,2025-11-20,1,0.5,\nSPY,2025-11-21,1,,2\n",
    )
    put(
        tmp_path,
        "prices/b.csv",
        b"symbol,date,close,dividend,split\nSPY,2025-11-20,1,0.5,\nSPY,2025-11-21,1,,2\n",
    )
    rows = read(tmp_path).rows
    assert rows["dividend"].tolist() == pytest.approx([0.5, float("nan")] * 2, nan_ok=True)
    assert rows["split"].tolist() == pytest.approx([float("nan"), 2] * 2, nan_ok=True)
    assert rows[["open", "high", "low", "adj_close", "volume"]].isna().all(axis=None)


def test_what_audits_judge_is_delivered_as_it_is(tmp_path: Path) -> None:
    put(
        tmp_path,
        "prices/a.csv",
        HEADER + b"SPY,2025-11-20,1,2,3,inf\nSPY,2025-11-20,1,2,3,-4\nSPY,2025-11-21,1,2,3,\n",
    )
    rows = read(tmp_path).rows
    assert rows["close"].tolist() == pytest.approx([float("inf"), -4, float("nan")], nan_ok=True)
    assert (rows["high"] < rows["low"]).all()


BROKEN = {
    "zero bytes": ("p.csv", b"", "is empty"),
    "header only": ("p.csv", HEADER, "holds no rows"),
    "header only, unfinished": ("p.csv", HEADER.strip(), "holds no rows"),
    "no rows": ("p.parquet", as_parquet(BARS[:0]), "holds no rows"),
    "column renamed": (
        "p.csv",
        GOOD.replace(b"open", b"opn"),
        "column missing: open; found: symbol, date, opn, high, low, close",
    ),
    "column gone": (
        "p.parquet",
        as_parquet(BARS[["symbol", "open", "high", "low"]]),
        "column missing: date, close; found: symbol, open, high, low",
    ),
    "UTF-16": ("p.csv", GOOD.decode().encode("utf-16"), "cannot be read: 'utf-8' codec"),
    "semicolons": ("p.csv", GOOD.replace(b",", b";"), "found: symbol;date;open;high;low;close"),
    "column twice": (
        "p.csv",
        b"symbol,date,close,Close\nSPY,2025-11-20,1,2\n",
        "close, Close all stand for close",
    ),
    "column twice in Parquet": (
        "p.parquet",
        as_parquet(BARS[["symbol", "date", "close"]].assign(Close=1.0)),
        "close, Close all stand for close",
    ),
    "text for a price": (
        "p.csv",
        GOOD + b"SPY,2025-11-21,1,2,1,n/a\n",
        " SPY 2025-11-21: row 2 below the header: close is 'n/a', not a number",
    ),
    "text for a price of a stranger": ("p.csv", GOOD + b"ZZZ,2025-11-21,1,x,1,1\n", " ZZZ 2025-11-21: row 2"),
    "text for a price in Parquet": (
        "p.parquet",
        as_parquet(BARS.assign(low=["1", "low", "1"])),
        " SPY 2025-11-21: row 2 below the header: low is 'low', not a number",
    ),
    "truth for a price": (
        "p.parquet",
        as_parquet(BARS.assign(close=True)),
        "column close is of type BOOLEAN",
    ),
    "no such date": (
        "p.csv",
        GOOD + b"SPY,2025-02-30,1,1,1,1\n",
        " SPY: row 2 below the header: date is '2025-02-30'",
    ),
    "American date": ("p.csv", GOOD + b"SPY,11/21/2025,1,1,1,1\n", "'11/21/2025', not a date YYYY-MM-DD"),
    "date with a zone": (
        "p.parquet",
        as_parquet(BARS.assign(date=BARS["date"].dt.tz_localize("America/New_York"))),
        "column date is of type TIMESTAMP WITH TIME ZONE",
    ),
    "no date": (
        "p.parquet",
        as_parquet(BARS.assign(date=pd.Series([pd.NaT] * 3))),
        "row 1 below the header: date is missing",
    ),
    "no symbol": (
        "p.csv",
        GOOD + b",2025-11-21,1,1,1,1\n",
        " 2025-11-21: row 2 below the header: symbol is missing",
    ),
    "cut row": (
        "p.csv",
        GOOD + b"SPY,2025-11-21,65",
        "cannot be read: .*Line: 3 .*Expected Number of Columns: 6",
    ),
    "garbage as CSV": ("p.csv", bytes(range(256)) * 9, r"column missing: symbol, date, close; found: '\\x00"),
    "garbage below the header": (
        "p.csv",
        GOOD + b"SPY,\xff\xfe,1,1,1,1\n",
        "cannot be read: .*Line: 3 .*utf-8",
    ),
    "garbage as Parquet": ("p.parquet", bytes(range(256)) * 9, "cannot be read: .*No magic bytes"),
    "zero bytes as Parquet": ("p.parquet", b"", "cannot be read: .*too small"),
    "cut Parquet": ("p.parquet", as_parquet(BARS)[:-100], "cannot be read: .*No magic bytes"),
    "cut gzip": ("p.csv.gz", gzip.compress(GOOD + ROW * 9)[:-9], "cannot be read: Compressed file ended"),
    "altered gzip": (
        "p.csv.gz",
        gzip.compress(GOOD)[:-8] + bytes(4) + gzip.compress(GOOD)[-4:],
        "cannot be read: CRC check failed",
    ),
    "garbage as gzip": ("p.csv.gz", GOOD, "cannot be read: Not a gzipped file"),
}


@pytest.mark.parametrize(("name", "content", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_stops_everything_and_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    put(tmp_path, "prices/good.csv", GOOD)
    put(tmp_path, f"prices/{name}", content)
    with pytest.raises(SourceError, match=rf"^files/prices/{name}\b.*{said}") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"DATE,VIX\n", "holds no rows"),
        (b"DATE,VIX9D\n11/21/2025,1\n", "column missing: close; found: DATE, VIX9D"),
        (b"DATE,OPEN,HIGH,CLOSE\n11/21/2025,1,1,1\n", "column missing: low"),
        (b"DATE,VIX\n2025-11-21,1\n", "date is '2025-11-21', not a date MM/DD/YYYY"),
        (b"DATE,VIX\n11/21/25,1\n", "date is '11/21/25', not a date MM/DD/YYYY"),
        (b"DATE,VIX\n11/21/2025,.\n", "2025-11-21: row 1 below the header: close is '.', not a number"),
    ],
)
def test_a_broken_cboe_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    put(tmp_path, "vol_indices/VIX_History.csv", content)
    with pytest.raises(SourceError, match=rf"^files/vol_indices/VIX_History.csv\b.*{said}"):
        read(tmp_path)


def test_the_error_carries_symbol_and_day(tmp_path: Path) -> None:
    put(tmp_path, "prices/a.csv", GOOD + b"SPY,2025-11-21,1,2,1,n/a\n")
    with pytest.raises(SourceError) as caught:
        read(tmp_path)
    assert (caught.value.source, caught.value.symbol) == ("files/prices/a.csv", "SPY")
    assert str(caught.value.day) == "2025-11-21"


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no such folder; expected one with prices/\*\.parquet"):
        read(tmp_path / "nowhere")
    put(tmp_path, "SPY.csv", GOOD)
    put(tmp_path, "prices/._good.csv", b"\x00")
    with pytest.raises(SourceError, match=r"holds no price file; expected prices/\*\.parquet"):
        read(tmp_path)
    put(tmp_path, "prices/other.csv", GOOD.replace(b"SPY", b"ZZZ"))
    with pytest.raises(SourceError, match="no file holds any of the 3 instruments"):
        read(tmp_path)


CLOSE_ALONE = b"symbol,date,close\nSPY,2025-11-21,659.03\n"


def test_a_full_bar_of_another_file_takes_the_place_of_a_close_alone(tmp_path: Path) -> None:
    put(tmp_path, "prices/closes.csv", CLOSE_ALONE)
    put(tmp_path, "prices/full.csv", HEADER + b"SPY,2025-11-21,655,664,650,659.03\n")
    assert read(tmp_path).rows["open"].tolist() == [655]


def test_of_one_file_and_of_another_folder_both_bars_are_delivered(tmp_path: Path) -> None:
    both = HEADER + b"SPY,2025-11-21,655,664,650,659.03\nSPY,2025-11-21,,,,659.03\n"
    put(tmp_path, "prices/both.csv", both)
    assert len(read(tmp_path).rows) == 2
    put(tmp_path, "vol_indices/SPY_History.csv", b"DATE,SPY\n11/21/2025,659.03\n")
    assert sorted(read(tmp_path).rows["source"]) == ["files/prices", "files/prices", "files/vol_indices"]


def test_the_real_folder(market_data: Path) -> None:
    listed = pd.read_csv("sql/reference/instruments.csv").rename(columns={"class": "asset_class"})
    fields = [field.name for field in dataclasses.fields(Instrument)]
    instruments = [Instrument(*row) for row in listed[fields].fillna("").itertuples(index=False)]
    delivery = FilePrices(market_data).prices(instruments, pd.DataFrame())
    rows = delivery.rows
    table, cboe = "files/prices", "files/vol_indices"
    closes = rows.set_index(["source", "symbol", "date"])["close"].sort_index()
    for source, symbol, thursday, friday in (
        (table, "SPX", 6538.76, 6602.99),
        (table, "VIX", 26.42, 23.43),
        (cboe, "VIX", 26.42, 23.43),
    ):
        assert closes[source, symbol, "2025-11-20"] == pytest.approx(thursday, abs=0.005)
        assert closes[source, symbol, "2025-11-21"] == pytest.approx(friday, abs=0.005)
    counts = rows["source"].value_counts()
    assert 350_000 < counts[table] < 400_000
    assert 40_000 < counts[cboe] < 45_000
    assert not rows.duplicated(["symbol", "date", "source"]).any()
    assert set(rows["symbol"]) | {f.symbol for f in delivery.failures} == set(listed["symbol"]) | {"*"}
