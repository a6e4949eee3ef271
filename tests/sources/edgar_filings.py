"""Filings in EDGAR's own formats, written for the tests: made-up filers and positions, real companies and CUSIPs."""

from collections.abc import Sequence
from dataclasses import dataclass

MANAGER = "0009999901"
TRUST, FUND = "0009999902", "S000999902"
APPLE, MICROSOFT, BERKSHIRE, LILLY = "037833100", "594918104", "084670702", "532457108"
SPY = "78462F103"

_HEADER = """\
<SEC-DOCUMENT>{accession}.txt : {filed}
<SEC-HEADER>{accession}.hdr.sgml : {filed}
<ACCEPTANCE-DATETIME>{accepted}
ACCESSION NUMBER:\t\t{accession}
CONFORMED SUBMISSION TYPE:\t{form}
PUBLIC DOCUMENT COUNT:\t\t2
CONFORMED PERIOD OF REPORT:\t{period}
FILED AS OF DATE:\t\t{filed}
DATE AS OF CHANGE:\t\t{filed}
EFFECTIVENESS DATE:\t\t{filed}

FILER:

\tCOMPANY DATA:\t
\t\tCOMPANY CONFORMED NAME:\t\t\tMADE-UP FILER
\t\tCENTRAL INDEX KEY:\t\t\t{cik}
\t\tIRS NUMBER:\t\t\t\t000000000
\t\tSTATE OF INCORPORATION:\t\t\tDE
\t\tFISCAL YEAR END:\t\t\t1231

\tFILING VALUES:
\t\tFORM TYPE:\t\t{form}
\t\tSEC ACT:\t\t1934 Act
\t\tSEC FILE NUMBER:\t028-99999
\t\tFILM NUMBER:\t\t259999999

\tBUSINESS ADDRESS:\t
\t\tSTREET 1:\t\t1 NOWHERE STREET
\t\tCITY:\t\t\tNOWHERE
\t\tSTATE:\t\t\tOH
\t\tZIP:\t\t\t00000
</SEC-HEADER>
"""
_DOCUMENT = """\
<DOCUMENT>
<TYPE>{kind}
<SEQUENCE>{number}
<FILENAME>{name}
<TEXT>
<XML>
{xml}
</XML>
</TEXT>
</DOCUMENT>
"""
_COVER = """\
<?xml version="1.0" encoding="UTF-8"?>
<edgarSubmission xmlns="http://www.sec.gov/edgar/thirteenffiler" xmlns:com="http://www.sec.gov/edgar/common">
  <schemaVersion>X0202</schemaVersion>
  <headerData>
    <submissionType>{form}</submissionType>
    <filerInfo>
      <liveTestFlag>LIVE</liveTestFlag>
      <flags><confirmingCopyFlag>false</confirmingCopyFlag></flags>
      <filer><credentials><cik>{cik}</cik><ccc>XXXXXXXX</ccc></credentials></filer>
      <periodOfReport>{period}</periodOfReport>
    </filerInfo>
  </headerData>
  <formData>
    <coverPage>
      <reportCalendarOrQuarter>{period}</reportCalendarOrQuarter>
      <isAmendment>{is_amendment}</isAmendment>{amendment}
      <filingManager>
        <name>Made-up Manager LP</name>
        <address>
          <com:street1>1 Nowhere Street</com:street1><com:city>Nowhere</com:city>
          <com:stateOrCountry>OH</com:stateOrCountry><com:zipCode>00000</com:zipCode>
        </address>
      </filingManager>
      <reportType>13F HOLDINGS REPORT</reportType>
      <form13FFileNumber>028-99999</form13FFileNumber>
      <provideInfoForInstruction5>N</provideInfoForInstruction5>
    </coverPage>
    <signatureBlock>
      <name>none</name><title>none</title><phone>000</phone><signature>none</signature>
      <city>Nowhere</city><stateOrCountry>OH</stateOrCountry><signatureDate>{period}</signatureDate>
    </signatureBlock>
    <summaryPage>
      <otherIncludedManagersCount>0</otherIncludedManagersCount>
      <tableEntryTotal>{count}</tableEntryTotal>
      <tableValueTotal>{total}</tableValueTotal>
      <isConfidentialOmitted>false</isConfidentialOmitted>
    </summaryPage>
  </formData>
</edgarSubmission>"""
_ENTRY = """\
  <infoTable>
    <nameOfIssuer>{issuer}</nameOfIssuer>
    <titleOfClass>COM</titleOfClass>
    <cusip>{cusip}</cusip>
    <value>{value}</value>
    <shrsOrPrnAmt>
      <sshPrnamt>{amount}</sshPrnamt>
      <sshPrnamtType>{kind}</sshPrnamtType>
    </shrsOrPrnAmt>{option}
    <investmentDiscretion>SOLE</investmentDiscretion>
    <votingAuthority><Sole>{amount}</Sole><Shared>0</Shared><None>0</None></votingAuthority>
  </infoTable>"""
_NPORT = """\
<?xml version="1.0" encoding="UTF-8"?>
<edgarSubmission xmlns="http://www.sec.gov/edgar/nport" xmlns:com="http://www.sec.gov/edgar/common">
  <headerData>
    <submissionType>NPORT-P</submissionType>
    <isConfidential>false</isConfidential>
    <filerInfo>
      <filer><issuerCredentials><cik>{cik}</cik><ccc>XXXXXXXX</ccc></issuerCredentials></filer>
      <seriesClassInfo><seriesId>{series}</seriesId><classId>C000999901</classId></seriesClassInfo>
    </filerInfo>
  </headerData>
  <formData>
    <genInfo>
      <regName>Made-up Trust</regName><regFileNumber>811-99999</regFileNumber><regCik>{cik}</regCik>
      <regLei>00000000000000000000</regLei><regStreet1>1 Nowhere Street</regStreet1><regCity>Nowhere</regCity>
      <regStateConditional regCountry="US" regState="US-OH"/><regZipOrPostalCode>00000</regZipOrPostalCode>
      <regPhone>000</regPhone><seriesName>Made-up Fund</seriesName><seriesId>{series}</seriesId>
      <seriesLei>00000000000000000000</seriesLei><repPdEnd>2025-12-31</repPdEnd><repPdDate>{period}</repPdDate>
      <isFinalFiling>N</isFinalFiling>
    </genInfo>
    <fundInfo>
      <totAssets>1000.00</totAssets><totLiabs>0.00</totLiabs><netAssets>1000.00</netAssets>
      <assetsAttrMiscSec>0.00</assetsAttrMiscSec><assetsInvested>0.00</assetsInvested>
      <amtPayOneYrBanksBorr>0.00</amtPayOneYrBanksBorr><amtPayOneYrCtrldComp>0.00</amtPayOneYrCtrldComp>
      <amtPayOneYrOthAffil>0.00</amtPayOneYrOthAffil><amtPayOneYrOther>0.00</amtPayOneYrOther>
      <isNonCashCollateral>N</isNonCashCollateral>
      <returnInfo>
        <monthlyTotReturns>
          <monthlyTotReturn classId="C000999901" rtn1="1.00" rtn2="2.00" rtn3="3.00"/>
        </monthlyTotReturns>
        <othMon1 netRealizedGain="0.00" netUnrealizedAppr="0.00"/>
        <othMon2 netRealizedGain="0.00" netUnrealizedAppr="0.00"/>
        <othMon3 netRealizedGain="0.00" netUnrealizedAppr="0.00"/>
      </returnInfo>
      <mon1Flow redemption="0.00" reinvestment="0.00" sales="0.00"/>
      <mon2Flow redemption="0.00" reinvestment="0.00" sales="0.00"/>
      <mon3Flow redemption="0.00" reinvestment="0.00" sales="0.00"/>
    </fundInfo>
    <invstOrSecs>
{holdings}
    </invstOrSecs>
  </formData>
</edgarSubmission>"""
_HOLDING = """\
      <invstOrSec>
        <name>{name}</name><lei>N/A</lei><title>{name}</title><cusip>{cusip}</cusip>
        <identifiers>{identifiers}</identifiers>
        <balance>{balance}</balance><units>{units}</units><curCd>USD</curCd><valUSD>{value}</valUSD>
        <pctVal>1.0</pctVal><payoffProfile>{profile}</payoffProfile><assetCat>{category}</assetCat>
        <issuerCat>CORP</issuerCat><invCountry>{country}</invCountry><isRestrictedSec>N</isRestrictedSec>
        <fairValLevel>1</fairValLevel>
        <securityLending>
          <isCashCollateral>N</isCashCollateral><isNonCashCollateral>N</isNonCashCollateral>
          <isLoanByFund>N</isLoanByFund>
        </securityLending>
      </invstOrSec>"""
_FEED = """\
<?xml version="1.0" encoding="ISO-8859-1" ?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <author><email>webmaster@sec.gov</email><name>Webmaster</name></author>
  <company-info><cik>{cik}</cik><conformed-name>MADE-UP FILER</conformed-name></company-info>
{entries}
  <title>MADE-UP FILER</title>
</feed>"""
_LISTED = """\
  <entry>
    <category label="form type" scheme="https://www.sec.gov/" term="{form}" />
    <content type="text/xml">
      <accession-number>{accession}</accession-number>
      <filing-date>{filed}</filing-date>
      <filing-href>https://www.sec.gov{folder}/{accession}-index.htm</filing-href>
      <filing-type>{form}</filing-type>
    </content>
    <id>urn:tag:sec.gov,2008:accession-number={accession}</id>
  </entry>"""


@dataclass(frozen=True)
class Row:
    """A row of a 13F's information table; `kind` is SH or PRN, `option` Put or Call."""

    issuer: str
    cusip: str
    value: int
    amount: int
    kind: str = "SH"
    option: str = ""


@dataclass(frozen=True)
class Holding:
    """A holding of an N-PORT."""

    name: str
    cusip: str
    value: str
    balance: str = "100.00"
    isin: str = ""
    ticker: str = ""
    category: str = "EC"
    profile: str = "Long"
    units: str = "NS"
    country: str = "US"


@dataclass(frozen=True)
class Stamp:
    """What a filing's header says: number, times as EDGAR writes them, form and filer."""

    accession: str = f"{MANAGER}-25-000004"
    accepted: str = "20251114160532"
    filed: str = "20251114"
    period: str = "20250930"
    form: str = "13F-HR"
    cik: str = MANAGER

    @property
    def folder(self) -> str:
        """The path of its folder."""
        return f"/Archives/edgar/data/{int(self.cik)}/{self.accession.replace('-', '')}"

    @property
    def path(self) -> str:
        """The path of its text."""
        return f"{self.folder}/{self.accession}.txt"


def _text(stamp: Stamp, *documents: tuple[str, str, str]) -> bytes:
    parts = [
        _DOCUMENT.format(kind=kind, number=number, name=name, xml=xml)
        for number, (kind, name, xml) in enumerate(documents, 1)
    ]
    return "".join([_HEADER.format(**vars(stamp)), *parts, "</SEC-DOCUMENT>\n"]).encode()


def thirteen_f(rows: Sequence[Row], stamp: Stamp, amendment: str = "", counted: int | None = None) -> bytes:
    """The text of a 13F-HR; `amendment` is RESTATEMENT or NEW HOLDINGS, `counted` the rows that its summary counts."""
    kind = f"<amendmentNo>1</amendmentNo><amendmentInfo><amendmentType>{amendment}</amendmentType></amendmentInfo>"
    cover = _COVER.format(
        form=stamp.form,
        cik=stamp.cik,
        period=f"{stamp.period[4:6]}-{stamp.period[6:]}-{stamp.period[:4]}",
        is_amendment="true" if amendment else "false",
        amendment=f"\n      {kind}" if amendment else "",
        count=len(rows) if counted is None else counted,
        total=sum(row.value for row in rows),
    )
    entries = [
        _ENTRY.format(**vars(row) | {"option": f"\n    <putCall>{row.option}</putCall>" if row.option else ""})
        for row in rows
    ]
    table = "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<informationTable xmlns="http://www.sec.gov/edgar/document/thirteenf/informationtable">',
            *entries,
            "</informationTable>",
        ]
    )
    return _text(stamp, (stamp.form, "primary_doc.xml", cover), ("INFORMATION TABLE", "infotable.xml", table))


def nport(holdings: Sequence[Holding], stamp: Stamp, series: str = FUND) -> bytes:
    """The text of an N-PORT."""
    written = [
        _HOLDING.format(
            **vars(one)
            | {
                "identifiers": "".join(
                    f'<{name} value="{value}"/>'
                    for name, value in (("isin", one.isin), ("ticker", one.ticker))
                    if value
                )
            }
        )
        for one in holdings
    ]
    period = f"{stamp.period[:4]}-{stamp.period[4:6]}-{stamp.period[6:]}"
    xml = _NPORT.format(cik=stamp.cik, series=series, period=period, holdings="\n".join(written))
    return _text(stamp, (stamp.form, "primary_doc.xml", xml))


def feed(*stamps: Stamp) -> bytes:
    """The list of a filer's filings."""
    entries = [
        _LISTED.format(
            accession=one.accession,
            form=one.form,
            folder=one.folder,
            filed=f"{one.filed[:4]}-{one.filed[4:6]}-{one.filed[6:]}",
        )
        for one in stamps
    ]
    return _FEED.format(cik=MANAGER, entries="\n".join(entries)).encode()
