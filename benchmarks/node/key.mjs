// A key reads lc_<id>_<secret>; of the secret the service's table keeps the SM3 digest.
import { createHash } from "node:crypto";

export function parts(authorization) {
  const [, id, secret] = (authorization ?? "").replace(/^Bearer /, "").split("_");
  return { id, digest: createHash("sm3").update(secret ?? "").digest() };
}
