"""Which tests run one after another in one process: those that share what takes long to start. pytest-xdist would give
them to all of its workers, each of which would start its own and keep it to the end."""

import re

from xdist.scheduler import LoadScopeScheduling

TOGETHER = re.compile(
    r"(?P<several_processes>\[several processes|_in_several_processes|^tests/processes/test_(?:scaled|parts)\.py)"
    r"|(?P<on_engines>_on_engines|/test_long_tokens\.py.*\[engines)"
    r"|(?P<access>/test_authorization\.py.*\[one process)"
    r"|(?P<audit>^tests/scenarios/test_audit\.py)"
    r"|(?P<audit_on_postgres>^tests/scenarios/test_audit_on_postgres\.py)"
    r"|(?P<bad_input>^tests/fuzz/test_bad_input\.py)"
    r"|(?P<history>^tests/bench/test_history\.py)"
    r"|(?P<guards>^tests/house/test_mutation\.py)"
)


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Whoever is free takes the next test, or the next group of them; the largest groups come first."""

    def _split_scope(self, nodeid: str) -> str:
        found = TOGETHER.search(nodeid)
        return nodeid if found is None or found.lastgroup is None else found.lastgroup
