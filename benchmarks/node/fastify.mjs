// The lookup as one would write it with Fastify and pg: a pool, named (prepared) statements, the catalogue read once at
// start. Each request is three statements, one after another: who asks, what is listed, the audit record.
import { randomUUID, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import pg from "pg";
import { parts } from "./key.mjs";

const { BENCH_PORT, BENCH_SOCKET, BENCH_USER, BENCH_DATABASE, BENCH_ANSWERS } = process.env;
const sample = JSON.parse(readFileSync(`${BENCH_ANSWERS}/listed`, "utf8"));
// Days stay text: a Date would be of a time zone.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
const pool = new pg.Pool({ host: BENCH_SOCKET, user: BENCH_USER, database: BENCH_DATABASE, max: 10 });

const KEY = {
  name: "key",
  text: `SELECT secret_digest, client_id, department FROM api_keys JOIN clients USING (client_id)
    WHERE key_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
};
const FIND = {
  name: "find",
  text: `SELECT l.*, s.list_version AS current_version FROM list_state s LEFT JOIN listings l ON uscc = $1 AND $2 BETWEEN listed_on AND valid_until
    AND (removed_on IS NULL OR $2 < removed_on)`,
};
const RECORD = {
  name: "record",
  text: `INSERT INTO audit (lookup_id, answered_at, request_id, client_id, key_id, department, purpose, subject_kind, uscc,
    on_day, view, verdict, list_version, catalogue_version, listing_ids, revisions, person_ids)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'unit', $8, $9, $10, $11, $12, $13, $14, $15, '{}')`,
};
const LOOKUP = {
  type: "object",
  required: ["code"],
  additionalProperties: false,
  properties: {
    code: { type: "string", minLength: 1, maxLength: 64 },
    subject_kind: { enum: ["unit", null] },
    purpose: { type: ["string", "null"], maxLength: 500 },
    view: { enum: ["summary"] },
  },
};

const contested = (objections) => {
  const open = objections.filter((one) => one.outcome === null).map(({ objection_no, filed_on }) => ({ objection_no, filed_on }));
  return { contested: open.length > 0, open_objections: open };
};

const app = Fastify();
app.post("/v1/lookups", { schema: { body: LOOKUP } }, async (request, reply) => {
  const key = parts(request.headers.authorization);
  const caller = (await pool.query({ ...KEY, values: [key.id] })).rows[0];
  if (!caller || !timingSafeEqual(caller.secret_digest, key.digest)) return reply.code(401).send({ code: "unauthenticated" });
  const { code, purpose = null, view = "summary" } = request.body;
  const now = new Date();
  const on = now.toLocaleDateString("sv-SE", { timeZone: "Asia/Shanghai" });
  const found = (await pool.query({ ...FIND, values: [code, on] })).rows;
  const listings = found.filter((row) => row.listing_id !== null);
  const version = Number(found[0].current_version);
  const verdict = listings.length ? "listed" : "not_listed";
  const id = randomUUID();
  await pool.query({
    ...RECORD,
    values: [
      id, now, request.id, caller.client_id, key.id, caller.department, purpose, code, on, view, verdict, version,
      sample.catalogue_version, listings.map((row) => row.listing_id), listings.map((row) => row.revision),
    ],
  });
  return {
    lookup_id: id, answered_at: now, on, known_at: null, list_version: version,
    catalogue_version: sample.catalogue_version, code, subject_kind: "unit", verdict, scene: null,
    listings: listings.map((row) => ({
      listing_id: row.listing_id, revision: row.revision, state: "in_force",
      unit: { name: row.unit_name, uscc: row.uscc, former_names: row.former_names }, person: null,
      decision_no: row.decision_no, decided_by: row.decided_by, conduct: row.conduct, conduct_code: row.conduct_code,
      tier: row.tier, facts: row.facts, basis: row.basis, listed_on: row.listed_on, valid_until: row.valid_until,
      removal: null, ...contested(row.objections),
    })),
    measures: listings.length ? sample.measures : [],
  };
});
await app.listen({ host: "127.0.0.1", port: Number(BENCH_PORT) });
