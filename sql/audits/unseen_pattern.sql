-- A pattern dated before its right shoulder was a thirtieth of the window old, after its own session, or to a session on
-- which it was not reported.
select h.window_sessions, h.session, h.detected_at, h.right_shoulder_session
from indicators.head_shoulders as h
left join reference.sessions as shoulder on h.right_shoulder_session = shoulder.session
left join reference.sessions as seen on h.detected_at = seen.session
left join indicators.head_shoulders as f on h.window_sessions = f.window_sessions and h.detected_at = f.session
where
    h.is_pattern
    and (
        h.detected_at <= h.session
        and seen.session_no - shoulder.session_no >= h.window_sessions / 30
        and f.is_pattern
        and f.right_shoulder_session >= h.right_shoulder_session
    ) is not true
