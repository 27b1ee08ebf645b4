/**
 * Fuzzes the webhook routes with fixtures whose bytes, JSON members and headers are mutated, and which are signed
 * again so that they pass verification. No input may cause a 500, an unhandled rejection, or an observation with
 * a reference that is not canonical or a time in the future.
 */
import fc from 'fast-check';
import { isDigest } from '../../src/event/digest.ts';
import { canonicalRepository, isTag } from '../../src/event/reference.ts';
import { kinds } from '../../src/source/webhook/kinds.ts';
import {
  allFixtures,
  type Fixture,
  hookFor,
  makeTestServer,
  resign,
  secret,
  type TestServer,
  urlOf,
} from './webhook.ts';

const manifeedSample: Fixture = {
  name: 'manifeed/push',
  kind: 'manifeed',
  body: Buffer.from(
    JSON.stringify([{ reference: 'r.test/a/b:1', digest: `sha256:${'a'.repeat(64)}`, id: '1' }]),
  ),
  headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
};

interface Mutation {
  readonly sample: number;
  readonly bytes: readonly { readonly at: number; readonly put: number; readonly cut: number }[];
  readonly members: readonly { readonly at: number; readonly value: unknown }[];
  readonly header: { readonly at: number; readonly value: string } | null;
  readonly keepsSignature: boolean;
}

const oddValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    null,
    [],
    {},
    true,
    0,
    -1,
    1e308,
    1.5,
    '\u0000',
    '../..',
    'A/B',
    '-',
    ':',
    '@',
    '/',
    '__proto__',
  ),
  fc.constantFrom<unknown>(
    `sha256:${'b'.repeat(64)}`,
    'sha256:b',
    'push',
    'delete',
    'DELETE',
    'PUSH',
    'INSERT',
    'deleted',
    '0001-01-01T00:00:00Z',
    '2999-01-01T00:00:00Z',
  ),
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.double(),
  fc.jsonValue({ maxDepth: 2 }),
);

function mutations(samples: number): fc.Arbitrary<Mutation> {
  const nat = fc.nat({ max: 1_000_000 });
  return fc.record({
    sample: fc.nat({ max: samples - 1 }),
    bytes: fc.array(fc.record({ at: nat, put: fc.nat({ max: 255 }), cut: fc.nat({ max: 3 }) }), {
      maxLength: 2,
    }),
    members: fc.array(fc.record({ at: nat, value: oddValues }), { maxLength: 4 }),
    header: fc.option(fc.record({ at: nat, value: fc.string({ maxLength: 60 }) }), { freq: 4 }),
    keepsSignature: fc.boolean(),
  });
}

/** Replaces members anywhere in the tree. All places are equally likely. */
function mutateMembers(json: unknown, members: Mutation['members']): unknown {
  const root = { json };
  for (const { at, value } of members) {
    const places: { readonly holder: object; readonly key: string }[] = [];
    collect(root, places);
    const place = places[at % places.length];
    if (place !== undefined) Reflect.set(place.holder, place.key, value);
  }
  return root.json;
}

function collect(node: unknown, places: { holder: object; key: string }[]): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    places.push({ holder: node, key });
    collect(value, places);
  }
}

function mutateBytes(body: Buffer, bytes: Mutation['bytes']): Buffer {
  let mutated = body;
  for (const { at, put, cut } of bytes) {
    const index = at % (mutated.length + 1);
    mutated = Buffer.concat([mutated.subarray(0, index), Buffer.from([put]), mutated.subarray(index + cut)]);
  }
  return mutated;
}

function build(sample: Fixture, mutation: Mutation): { body: Buffer; headers: Record<string, string> } {
  const json = mutateMembers(JSON.parse(sample.body.toString('utf8')), mutation.members);
  const body = mutateBytes(Buffer.from(JSON.stringify(json) ?? ''), mutation.bytes);
  const headers = mutation.keepsSignature ? sample.headers : resign(sample.kind, sample.headers, body);
  const name = Object.keys(headers)[(mutation.header?.at ?? 0) % Object.keys(headers).length];
  if (mutation.header === null || name === undefined) return { body, headers };
  // Header values on the wire are Latin-1 without control characters.
  return { body, headers: { ...headers, [name]: mutation.header.value.replace(/[^\x20-\xff]/g, '') } };
}

function check(server: TestServer, status: number): void {
  if (status >= 500 || server.broken.length > 0)
    throw new Error(`status ${status}: ${String(server.broken[0])}`);
  for (const batch of server.batches) {
    for (const row of [...batch.observations, ...batch.incomplete]) {
      const name = canonicalRepository(row.registry, row.repository);
      if (name?.registry !== row.registry || name.repository !== row.repository)
        throw new Error(`name ${JSON.stringify(row)}`);
      if ('tag' in row && !isTag(row.tag)) throw new Error(`tag ${JSON.stringify(row)}`);
      if ('digest' in row && row.digest !== null && !isDigest(row.digest))
        throw new Error(`digest ${JSON.stringify(row)}`);
      if (![row.saidAt ?? 0, row.occurredAt ?? 0].every(Number.isSafeInteger))
        throw new Error(`time ${JSON.stringify(row)}`);
      if ((row.dedupeKey ?? '').length > 96) throw new Error(`key ${JSON.stringify(row)}`);
    }
  }
}

export interface FuzzReport {
  readonly cases: number;
  /** Number of answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/**
 * @param cases how many deliveries
 * @param seed repeats a run
 * @throws with the shrunk counterexample
 */
export async function fuzzWebhooks(cases: number, seed: number): Promise<FuzzReport> {
  // SNS and OIDC cannot be signed again without their keys, so these kinds are not verified here.
  const hookOf = (kind: string) => {
    const hook = hookFor(kind);
    return kind === 'ecr' || kind === 'gar' ? ({ name: kind, kind, verify: 'none' } as const) : hook;
  };
  const samples = [...allFixtures(), manifeedSample];
  const server = await makeTestServer([...kinds.keys()].map(hookOf));
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', listen);
  const statuses: Record<string, number> = {};
  const property = fc.asyncProperty(mutations(samples.length), async (mutation) => {
    const sample = samples[mutation.sample];
    if (sample === undefined) return;
    server.batches.length = 0;
    server.confirmed.length = 0;
    const { body, headers } = build(sample, mutation);
    const url = urlOf(hookOf(sample.kind));
    const answer = await server.app.inject({ method: 'POST', url, headers, payload: body });
    check(server, answer.statusCode);
    statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
  });
  try {
    await fc.assert(property, { numRuns: cases, seed });
    await new Promise(setImmediate);
    if (unhandled.length > 0) throw new Error(`unhandled rejection: ${String(unhandled[0])}`);
  } finally {
    process.off('unhandledRejection', listen);
    await server.app.close();
  }
  return { cases, statuses };
}
