"""Every data file is read before anything is served: none is forgotten, to be found wrong by a process that serves."""

from pathlib import Path

import pytest

from app.errors import Misconfigured
from app.services.served_data import ServedData
from app.settings import PROJECT_ROOT, Settings

DATA_FILES = [
    name
    for name, field in Settings.model_fields.items()
    if isinstance(field.default, Path) and field.default.is_relative_to(PROJECT_ROOT / "data")
]


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_data_file_that_is_missing_or_wrong_is_refused_naming_it(name: str, tmp_path: Path) -> None:
    whole = Settings(data_dir=tmp_path)
    assert ServedData.load(whole).catalogue.measures
    missing, wrong = tmp_path / "没有.yaml", tmp_path / "错误.yaml"
    wrong.write_text("{}\n")
    with pytest.raises(Misconfigured, match=r"没有\.yaml"):
        ServedData.load(whole.model_copy(update={name: missing}))
    with pytest.raises(Misconfigured):
        ServedData.load(whole.model_copy(update={name: wrong}))
