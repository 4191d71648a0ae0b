"""What the report says whatever the figures are."""

HEAD = """
# Performance

`make bench` writes this page. Figures are taken in one run on one machine, generator, services and PostgreSQL together;
only their ratios mean anything elsewhere. What is compared is measured in turn, round after round (A B A B …): a ratio
is taken within each round, and shown as the median with the least and the most.

To measure your own installation: `liancheng bench --help`.
"""

QUICK = """
> **A quick trial (`--quick`): too short for any figure below to mean anything.**
"""

NOT_QUIET = """
> **The machine was busy with something else when this run began: its figures are not to be relied on.**
"""

DIFFERENCES = """
## What is compared, and what differs

Each is a real service on loopback in one process, asked by POST with a key by the same generator over kept-alive
connections, in a closed loop, for the full summary answer about a unit, after a warm-up. All but Datasette use the same
PostgreSQL with the same rows, at most ten connections and prepared statements, and commit an audit record before they
answer (`fsync` and `synchronous_commit` on). Nobody writes a line per request into a log; the service's own, which it
writes by default, is off (`LIANCHENG_LOG_LEVEL=warning`).

- **bare ASGI**, **bare FastAPI**: the bytes of an answer, ready in memory, under the service's uvicorn with uvloop and
  httptools. No key, no database. FastAPI's telemetry is off, as in the service.
- **PostgreSQL alone**: `pgbench` with one prepared statement that finds the key, selects the unit's listings and
  inserts the audit record. It makes no answer of 24 measures, speaks no HTTP and commits each lookup by itself, so that
  whoever lets several share a commit can be ahead of it at 32 connections.
- **FastAPI + ORM**: SQLAlchemy's ORM on asyncpg, a session a request, the catalogue in tables with relationships
  (`selectin`), an audit object, `response_model`. It shares the service's request and answer models. Templates use a
  synchronous driver in threads, which is slower. Who holds the catalogue in memory instead avoids most of its queries.
- **Datasette**: the same rows in SQLite (immutable, indexed), a canned query by GET that returns listing and measures
  in one row. **It checks no key and keeps no audit record**, and escapes Chinese in JSON, hence its longer answers.
- **Fastify + pg**: three prepared statements, one after another (key, select, insert); the catalogue in memory, the
  request validated by its schema.
- **PostGraphile**: a function that records and answers as a mutation, key checked in it; measures and provisions
  through relations, asked for by name in GraphQL. Its audit record goes into a table of its own, and its answers have
  other field names.

A closed loop shows the most that each can do. Its latencies compare services at their own full load and say little of
how long callers wait at a given rate: `liancheng bench --rate` measures that, from when each request was due.
The last column is how much of one core the generator itself took: near 100 %, it would be what is measured.
"""
