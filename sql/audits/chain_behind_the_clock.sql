-- The newest S&P 500 option chain that could be used is older than the newest session.
select max(n.session) as newest_session, max(c.session) as newest_chain
from reference.sessions as n
left join staging.option_snapshots as c on n.session = c.session and c.underlying = 'SPX' and c.verdict = 'used'
having max(c.session) < max(n.session)
