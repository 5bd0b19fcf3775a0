"""The caller's sessions: listed and ended."""

from shikanji.kit.clock import to_rfc3339
from shikanji.kit.service import Room
from shikanji.kit.web.routes import Incoming, Reply, Who
from shikanji.services.customer.actions import sessions
from shikanji.services.customer.announcing import announce
from shikanji.services.customer.errors import SessionNotFound
from shikanji.services.customer.model.session import Session
from shikanji.services.customer.routes.declared import routes
from shikanji.services.customer.routes.granting import no_cookies
from shikanji.services.customer.schemas import SessionView


@routes.post("/api/v1/auth/logout", who=Who.SIGNED_IN)
async def logout(room: Room, incoming: Incoming[None, None]) -> Reply:
    """Ends this session: none of its tokens is good any more."""
    principal = incoming.principal
    await announce(room, await room.db.write(sessions.logout, principal.account_id, principal.session_id))
    return Reply(cookies=no_cookies(room))


@routes.get("/api/v1/auth/sessions", returns=list[SessionView], who=Who.SIGNED_IN)
async def list_sessions(room: Room, incoming: Incoming[None, None]) -> list[SessionView]:
    """The caller's open sessions, newest first; at most a hundred."""
    principal = incoming.principal
    found = await room.db.read(sessions.list_sessions, principal.account_id)
    return [_view(session, principal.session_id) for session in found]


@routes.delete("/api/v1/auth/sessions", who=Who.SIGNED_IN)
async def revoke_others(room: Room, incoming: Incoming[None, None]) -> None:
    """Ends all of the caller's sessions but this one."""
    principal = incoming.principal
    await announce(room, await room.db.write(sessions.revoke_others, principal.account_id, principal.session_id))


@routes.delete("/api/v1/auth/sessions/{id}", who=Who.SIGNED_IN, raises=(SessionNotFound,))
async def revoke_session(room: Room, incoming: Incoming[None, None]) -> None:
    """Ends one of the caller's sessions."""
    principal = incoming.principal
    await announce(room, await room.db.write(sessions.revoke_session, principal.account_id, incoming.path["id"]))


def _view(session: Session, current_id: str) -> SessionView:
    return SessionView(
        id=session.id,
        created_at=to_rfc3339(session.created_at),
        last_used_at=to_rfc3339(session.last_used_at),
        expires_at=to_rfc3339(session.expires_at),
        ip=session.ip,
        user_agent=session.user_agent,
        current=session.id == current_id,
    )
