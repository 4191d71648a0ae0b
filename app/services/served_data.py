"""Everything that a process serves from data files, read together: a file that is wrong is found before it serves."""

from dataclasses import dataclass

from app.domain.catalogue import Catalogue
from app.domain.districts import Districts
from app.domain.enforcement_periods import EnforcementPeriods
from app.domain.list_rules import ListRules
from app.domain.publication import Publication
from app.domain.scenes import Scenes
from app.services import catalogue, districts, enforcement_periods, list_rules, publication, scenes
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class ServedData:
    """What the data files hold."""

    catalogue: Catalogue
    rules: ListRules
    publication: Publication
    scenes: Scenes
    periods: EnforcementPeriods
    districts: Districts

    @classmethod
    def load(cls, settings: Settings) -> "ServedData":
        """Read all of them; raise :class:`Misconfigured` for the first that is wrong, with every problem in it."""
        memo = catalogue.load(settings.catalogue_file)
        return cls(
            memo,
            list_rules.load(settings.list_rules_file),
            publication.load(settings.publication_file),
            scenes.load(settings.scenes_file, memo),
            enforcement_periods.load(settings.enforcement_file),
            districts.load(settings.districts_file),
        )
