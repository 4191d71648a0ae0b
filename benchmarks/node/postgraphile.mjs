// PostGraphile as its documentation sets it up; who asks goes to the database as settings of the transaction.
import { createServer } from "node:http";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { parts } from "./key.mjs";

const { BENCH_PORT, BENCH_SOCKET, BENCH_USER, BENCH_DATABASE } = process.env;
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      poolConfig: { host: BENCH_SOCKET, user: BENCH_USER, database: BENCH_DATABASE, max: 10 },
      schemas: ["bench"],
    }),
  ],
  grafserv: { graphiql: false, watch: false },
  grafast: {
    explain: false,
    context({ node }) {
      const key = parts(node?.req.headers.authorization);
      return { pgSettings: { "bench.key_id": key.id ?? "", "bench.digest": key.digest.toString("hex") } };
    },
  },
};
const server = createServer();
const instance = postgraphile(preset);
await instance.createServ(grafserv).addTo(server);
server.listen(Number(BENCH_PORT), "127.0.0.1");
