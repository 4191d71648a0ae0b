"""Reading the rules of the list from their file, once a process."""

from functools import lru_cache
from pathlib import Path

from app.domain.list_rules import ListRules
from app.domain.list_rules_file import parse_list_rules
from app.services.data_file import source_of


@lru_cache
def load(file: Path) -> ListRules:
    """Read and check a file of rules; raise :class:`ListRulesError` with every problem and its line.

    What was read is kept: a change of the file takes effect when the process starts again.
    """
    return parse_list_rules(source_of(file, "名单规则"))
