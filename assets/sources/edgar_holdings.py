"""Holders' positions from the SEC's EDGAR: 13F-HR of managers, NPORT-P of mutual funds. Needs no key, but a name.

    GET /cgi-bin/browse-edgar?action=getcompany&CIK=<CIK or series>&type=<form>&...&output=atom   a holder's filings
    GET /Archives/edgar/data/<CIK>/<number>/<accession number>.txt                                a filing, all of it

The text of a filing begins with its header, whose ACCEPTANCE-DATETIME is New York time; the times of EDGAR's JSON say
UTC and are New York's for every fifth company. What is accepted after 17:30 bears the next business day's date of
filing and goes out on that day from 06:00.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pandas as pd
from lxml import etree

from assets.sources.cusips import tickers_of
from assets.sources.download import DEFAULT_LIMITS, USER_AGENT, Limits, downloaded
from assets.sources.errors import Failure, SourceError, some
from assets.sources.holdings import POSITION_COLUMNS, Filing, Holder, by_security, is_cusip
from assets.sources.reach import GIVE_UP_AFTER
from assets.sources.sessions import NEW_YORK

if TYPE_CHECKING:
    from edgar.sgml import FilingSGML

SOURCE = "edgar"
BASE_URL = "https://www.sec.gov"
# EDGAR allows ten requests a second.
PAUSE_SECONDS = 0.2
# How far back the first run goes; what is stored stays.
LOOK_BACK = timedelta(days=730)
MOST_LISTED = 40
_OPENS = time(6)
# From then on 13F-HR states dollars, before thousands of them.
DOLLARS_SINCE = date(2023, 1, 3)
TABLE = "INFORMATION TABLE"
END = "</SEC-DOCUMENT>"
EQUITIES = {"EC", "EP"}


@dataclass(frozen=True)
class EdgarHoldings:
    """A holdings source that asks EDGAR, one request after the other.

    Attributes:
        now: The time of the run, timezone-aware.
        identity: Name and mail address, which the SEC asks for; without one nothing is asked.
        base_url: EDGAR's address.
        limits: What each download may take.
        pause_seconds: The wait before each request.

    Raises:
        ValueError: If `now` has no time zone.
    """

    now: datetime
    identity: str
    base_url: str = BASE_URL
    limits: Limits = DEFAULT_LIMITS
    pause_seconds: float = PAUSE_SECONDS

    def __post_init__(self) -> None:
        """Refuse a clock whose time zone would have to be guessed."""
        if self.now.tzinfo is None:
            raise ValueError(f"now must be timezone-aware, got {self.now}")

    def filings(self, holders: Sequence[Holder], known: Collection[str]) -> Iterator[Filing | Failure]:
        """Deliver the filings of the last two years, the oldest of each holder first, as the port `HoldingSource` says.

        After three holders in a row that could not be asked for, the others are not asked.
        """
        if not self.identity:
            yield Failure(
                "*", f"{SOURCE}: UNDERTOW_SEC_IDENTITY is not set, and the SEC asks for a name and a mail address"
            )
            return
        in_a_row = 0
        for holder in holders:
            if in_a_row >= GIVE_UP_AFTER:
                yield Failure(holder.holder, f"{SOURCE}: not asked, as {GIVE_UP_AFTER} in a row could not be had")
                continue
            try:
                listed = self._listed(holder)
            except SourceError as error:
                in_a_row += 1
                yield Failure(holder.holder, str(error))
                continue
            in_a_row = 0
            for accession, path in listed:
                if accession not in known:
                    yield from self._delivered(holder, accession, path)

    def _delivered(self, holder: Holder, accession: str, path: str) -> Iterator[Filing | Failure]:
        url = f"{self.base_url}{path}"
        label = f"{SOURCE} {url}"
        try:
            filing, doubtful = _filing(self._text(url, "filing.txt"), holder, accession, label)
        except SourceError as error:
            yield Failure(holder.holder, str(error))
            return
        yield filing
        if doubtful:
            reason = f"{len(doubtful)} CUSIPs with a wrong check digit, in no sector: {some(doubtful)}"
            yield Failure(holder.holder, f"{label}, positions of {filing.report_date}: {reason}")

    def _text(self, url: str, name: str) -> str:
        sleep(self.pause_seconds)
        agent = f"{self.identity} {USER_AGENT}"
        with downloaded(url, name, SOURCE, self.limits, agent) as path:
            # Old filings hold a stray byte in an address.
            return path.read_bytes().decode("utf-8", errors="replace")

    def _listed(self, holder: Holder) -> list[tuple[str, str]]:
        """Accession number and path of each filing, the oldest first."""
        asked = {
            "action": "getcompany",
            "CIK": holder.fund_series or holder.cik,
            "type": holder.form,
            "dateb": "",
            "owner": "include",
            "count": MOST_LISTED,
            "output": "atom",
        }
        url = f"{self.base_url}/cgi-bin/browse-edgar?{urlencode(asked)}"
        label = f"{SOURCE} {url}"
        feed = _tree(self._text(url, "filings.xml"), label)
        since = (self.now - LOOK_BACK).date().isoformat()
        found = []
        for entry in feed.iterfind("{*}entry/{*}content"):
            accession, filed, form, page = (
                (entry.findtext(f"{{*}}{name}") or "").strip()
                for name in ("accession-number", "filing-date", "filing-type", "filing-href")
            )
            if form in {holder.form, f"{holder.form}/A"} and filed >= since:
                path = urlsplit(page).path.removesuffix("-index.htm")
                found.append((filed, accession, f"{path}.txt"))
        if feed.tag.rpartition("}")[2] != "feed":
            raise SourceError(label, f"is no list of filings but <{feed.tag}>", holder.holder)
        return [(accession, path) for _, accession, path in sorted(found)]


def _filing(text: str, holder: Holder, accession: str, label: str) -> tuple[Filing, list[str]]:
    """A filing, and its CUSIPs that are none.

    Raises:
        SourceError: If the text ends early, is not well-formed, lacks a part or is another filer's.
    """
    if not text.rstrip().endswith(END):
        raise SourceError(label, f"ends without {END}", holder.holder)
    from edgar.exceptions import EdgarError  # noqa: PLC0415 - costs four seconds, needed for new filings only
    from edgar.sgml import FilingSGML  # noqa: PLC0415 - the same

    try:
        filing = FilingSGML.from_text(text)
        known, filed = filing.header.acceptance_datetime, date.fromisoformat(str(filing.filing_date))
        report_date = date.fromisoformat(str(filing.period_of_report))
        if known is None:
            raise SourceError(label, "has no time of acceptance", holder.holder)
        read = _read_13f if holder.form == "13F-HR" else _read_nport
        rows, left_out, adds = read(filing, holder, filed, label)
    # What a missing or strange part of a document raises in the parsers.
    except (EdgarError, ValueError, TypeError, AttributeError, KeyError, IndexError, ArithmeticError) as error:
        raise SourceError(label, f"cannot be read: {type(error).__name__}: {error}", holder.holder) from error
    rows["ticker"] = tickers_of(rows["security"]).fillna(rows["ticker"])
    doubtful = sorted(name for name in set(rows.loc[rows["has_cusip"], "security"]) if not is_cusip(name))
    rows.loc[rows["security"].isin(doubtful), "ticker"] = None
    opens = datetime.combine(filed, _OPENS, NEW_YORK)
    return Filing(
        holder=holder.holder,
        report_date=report_date,
        filing_id=accession,
        adds=adds,
        available_at=max(known.replace(tzinfo=NEW_YORK), opens),
        source=SOURCE,
        left_out=left_out,
        positions=by_security(rows[list(POSITION_COLUMNS)]),
    ), doubtful


def _read_13f(filing: "FilingSGML", holder: Holder, filed: date, label: str) -> tuple[pd.DataFrame, int, bool]:
    """Long shares of an information table, the number of other rows, and whether it adds to an earlier one."""
    from edgar.thirteenf.parsers.infotable_xml import parse_infotable_xml  # noqa: PLC0415 - see `_filing`
    from edgar.thirteenf.parsers.primary_xml import parse_primary_document_xml  # noqa: PLC0415 - the same
    from edgar.thirteenf.units import resolve_value_unit  # noqa: PLC0415 - the same

    if int(filing.cik) != int(holder.cik):
        raise SourceError(label, f"is of the filer {filing.cik}, not {holder.cik}", holder.holder)
    cover = parse_primary_document_xml(_document(filing, filing.form, label))
    table = parse_infotable_xml(_document(filing, TABLE, label))
    if len(table) != cover.summary_page.total_holdings:
        reason = f"its table has {len(table)} rows, its summary counts {cover.summary_page.total_holdings}"
        raise SourceError(label, reason, holder.holder)
    if table.empty:
        raise SourceError(label, "its table has no rows", holder.holder)
    amendment = cover.cover_page.amendment_info
    adds = amendment is not None and (amendment.amendment_type or "").upper() == "NEW HOLDINGS"
    is_long = table["Type"].eq("Shares") & table["PutCall"].eq("")
    shares = table[is_long]
    # Some have gone on in thousands: shares that cost less than a dollar nearly all of them say so.
    evidence = resolve_value_unit(shares)
    in_thousands = filed < DOLLARS_SINCE or (evidence.source == "implied_prices" and not evidence.ambiguous)
    rows = pd.DataFrame(
        {
            "security": shares["Cusip"].str.upper(),
            "ticker": None,
            "issuer": shares["Issuer"],
            "value_usd": shares["Value"].astype("float64") * (1000 if in_thousands else 1),
            "shares": shares["SharesPrnAmount"].astype("float64"),
            "has_cusip": True,
        }
    )
    return rows, int((~is_long).sum()), adds


def _read_nport(
    filing: "FilingSGML",
    holder: Holder,
    filed: date,  # noqa: ARG001 - as `_read_13f`
    label: str,
) -> tuple[pd.DataFrame, int, bool]:
    """Long equities of a fund's report, the number of other rows, and False: an amendment takes its place."""
    from edgar.funds.reports import FundReport  # noqa: PLC0415 - see `_filing`

    report = FundReport.parse_fund_xml(_document(filing, filing.form, label))
    series = report["general_info"].series_id
    if holder.fund_series and series != holder.fund_series:
        raise SourceError(label, f"is of the fund {series}, not {holder.fund_series}", holder.holder)
    held = report["investments"]
    longs = [
        one for one in held if one.asset_category in EQUITIES and one.payoff_profile == "Long" and one.units == "NS"
    ]
    rows = pd.DataFrame(
        [
            {
                "security": one.cusip if _has_cusip(one) else one.identifiers.isin or one.name,
                # A ticker abroad may be another company's here.
                "ticker": one.identifiers.ticker if one.investment_country == "US" else None,
                "issuer": one.name,
                "value_usd": float(one.value_usd),
                "shares": float(one.balance),
                "has_cusip": _has_cusip(one),
            }
            for one in longs
        ],
        columns=[*POSITION_COLUMNS, "has_cusip"],
    )
    # A fund of several managers may list the whole fund's position once for each of them.
    once = rows.drop_duplicates()
    return once, len(held) - len(longs), False


def _has_cusip(holding: Any) -> bool:  # noqa: ANN401 - edgartools' InvestmentOrSecurity
    return bool((holding.cusip or "").strip("0")) and holding.cusip != "N/A"


def _document(filing: "FilingSGML", kind: str, label: str) -> str:
    """The XML of the filing's document of that kind, which is whole and well-formed."""
    documents = [filing.get_document_by_sequence(number) for number in filing.get_document_sequences()]
    found = [document.xml() for document in documents if document is not None and document.type == kind]
    if len(found) != 1 or not found[0]:
        raise SourceError(label, f"has {len(found)} documents of type {kind}, one is needed")
    # edgartools mends what is cut off, so that a part would pass for the whole.
    whole: str = found[0]
    _tree(whole, label)
    return whole


def _tree(text: str, label: str) -> Any:  # noqa: ANN401 - lxml has no types
    # The text is UTF-8 by now, whatever its declaration says, and nothing that it names is read.
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=True)
    try:
        return etree.fromstring(text.strip().encode(), parser=parser)
    except etree.XMLSyntaxError as error:
        raise SourceError(label, f"is not well-formed: {error}") from error
