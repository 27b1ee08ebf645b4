import { invalidParameter } from '../errors.ts';

/**
 * The version of the keys and rows written here. Raise it if an older gateway would misread them, or would write what
 * this version refuses: older gateways then refuse to write.
 *
 * 1: without checksums. 2: entries of the stream and rows of tags have a checksum (ledger/redis/sum.ts).
 * 3: what queries read: chains of changes, orders by time, tags at a digest, list marks. 4: small repositories have no
 * order by time of their own.
 */
export const schemaVersion = 4;

/** Key names, all in one Cluster slot. Each user makes its own from `prefix`. */
export interface RedisKeys {
  readonly prefix: string;
  /** The one key that each script receives; it makes the others from it. */
  readonly meta: string;
  /** Contains the database's number: channels belong to the server, not to a database. */
  readonly channel: string;
}

const prefixGrammar = /^[A-Za-z0-9._:-]{1,64}$/;

/** @throws PARAMETER_INVALID if the prefix cannot stand in a hash tag */
export function redisKeys(keyPrefix: string, database: number): RedisKeys {
  if (!prefixGrammar.test(keyPrefix)) {
    const message = `open the ledger: keyPrefix ${JSON.stringify(keyPrefix.slice(0, 100))}: must match ${prefixGrammar.source}`;
    throw invalidParameter('keyPrefix', message);
  }
  const prefix = `{${keyPrefix}}:`;
  return { prefix, meta: `${prefix}meta`, channel: `${prefix}changes:${database}` };
}
