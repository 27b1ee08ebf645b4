import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type ManifeedError, unavailable } from '../../errors.ts';
import type { Deferred } from '../../event/observation.ts';
import { type RepositoryName, repositoryKey, repositoryOfKey } from '../../event/reference.ts';
import { randomId } from '../../lib/random-id.ts';
import { asList, asNumber, asText, encodeForLua, refusedCount } from '../../redis/reply.ts';
import type { TagRow } from '../decision.ts';
import { decodePending, encodePending } from '../pending-codec.ts';
import { type LedgerRow, refuseNotEmpty, transferFormat, wholeExport } from '../transfer.ts';
import { boundsFields, readBounds, readEntry, readListMarks, readManifestRow, readTagRow } from './codec.ts';
import { exportTargets, importTargets } from './cursors.ts';
import type { RedisStore } from './store.ts';
import { digestSum } from './sum.ts';

const pageSize = 1_000;
/** An export idle for this long counts as dead, ms: trimming goes on. */
const leaseMs = 60_000;
/** Rows in one import script: some 10 ms. */
const importBatch = 500;

/** Everything the ledger holds as of one moment. `lua/snapshot.lua` explains how. */
export async function* exportRedis(store: RedisStore, random: () => number): AsyncGenerator<LedgerRow> {
  const id = randomId(random);
  const step = (op: string, more: object = {}) =>
    store.run('export', 'export ledger', { op, id, leaseMs, ...more });
  const clear = async () => {
    while ((await step('clear')) !== '1') await nextTurn();
  };
  await clear();
  try {
    let count = 0;
    for await (const row of contents(store, step)) {
      count += 1;
      yield row;
    }
    yield { row: 'end', rows: count };
  } finally {
    await clear();
  }
}

type Step = (op: string, more?: object) => Promise<unknown>;

async function* contents(store: RedisStore, step: Step): AsyncGenerator<LedgerRow> {
  // Before the moment of the rest: a cursor must not be ahead of the head.
  const targets = await exportTargets(store);
  const [epochText, floor, head, recordedAt, stampedAt] = asList(await step('begin'));
  const header = { epoch: asText(epochText), head: asNumber(head), floor: asNumber(floor) };
  const times = { recordedAt: asNumber(recordedAt), stampedAt: asNumber(stampedAt) };
  yield { row: 'header', format: transferFormat, ...header, ...times };
  yield* changes(store, step, header);

  const { keys, link } = store;
  const ask = <T>(run: (client: Redis) => Promise<T>) => link.use('export ledger', run);
  const copies = `${keys.prefix}x:`;
  for (let from = '-'; ; ) {
    const members = await ask((client) =>
      client.zrange(`${copies}repos`, from, '+', 'BYLEX', 'LIMIT', 0, pageSize),
    );
    for (const member of members) yield* repositoryRows(store, step, copies, member);
    const last = members.at(-1);
    if (last === undefined) break;
    from = `(${last}`;
  }

  for await (const [key, text] of scan(store, `${copies}scopes`)) {
    for (const scope of asList(JSON.parse(text)).map(asText))
      yield { row: 'baseline', ...repositoryOfKey(key), scope };
  }
  for await (const [key, text] of scan(store, `${copies}listed`)) {
    const marks = readListMarks(text);
    if (marks !== null) yield { row: 'listed', ...repositoryOfKey(key), ...marks };
  }
  for (let from = 0; ; from += pageSize) {
    await step('renew');
    const page = await ask((client) =>
      client.zrange(`${copies}keys`, from, String(from + pageSize - 1), 'WITHSCORES'),
    );
    for (let i = 0; i + 1 < page.length; i += 2)
      yield { row: 'delivery', key: asText(page[i]), at: Math.floor(asNumber(page[i + 1]) / 1_000) };
    if (page.length === 0) break;
  }
  const pending = [];
  for await (const entry of scan(store, `${copies}pending`)) pending.push(entry);
  // A hash keeps no order, but ids sort by age. At most `maxPending` of them.
  for (const [, text] of pending.sort(([a], [b]) => (a < b ? -1 : 1)))
    yield { row: 'pending', observation: decodePending(text) };
  yield* targets;
}

async function* changes(
  store: RedisStore,
  step: Step,
  { epoch, head, floor }: { epoch: string; head: number; floor: number },
): AsyncGenerator<LedgerRow> {
  const fields = await store.link.use('export ledger', (client) =>
    client.hmget(store.keys.meta, ...boundsFields),
  );
  const summedFrom = readBounds(fields)?.summedFrom ?? floor;
  for (let after = floor; after < head; ) {
    await step('renew');
    const entries = await store.link.use('export ledger', (client) =>
      client.xrange(store.keys.log, `${after + 1}-0`, `${head}-0`, 'COUNT', pageSize),
    );
    if (entries.length === 0) throw refuseHole(after + 1);
    for (const entry of entries) {
      const read = readEntry(entry, { epoch, floor, head, summedFrom });
      if (read?.sequence !== after + 1) throw refuseHole(after + 1);
      const { epoch: _epoch, ...change } = read;
      after = change.sequence;
      yield { row: 'change', ...change };
    }
  }
}

function refuseHole(sequence: number): ManifeedError {
  const state = `change ${sequence} is missing or damaged in Redis`;
  const cure =
    'read the ledger once from its floor by a gateway (?after=<floor>), which gives up what lies below';
  return unavailable(`export ledger: ${state}: must be whole: ${cure}`);
}

async function* repositoryRows(
  store: RedisStore,
  step: Step,
  copies: string,
  member: string,
): AsyncGenerator<LedgerRow> {
  const key = member.replace(' ', '/');
  const { registry, repository } = repositoryOfKey(key);
  await step('keep', { repository: key });
  for await (const [tag, text] of scan(store, `${copies}t:${key}`))
    yield { row: 'tag', ...wholeTagRow({ registry, repository, tag }, text) };
  for await (const [digest, text] of scan(store, `${copies}m:${key}`))
    yield { row: 'manifest', ...readManifestRow({ registry, repository }, digest, text) };
  await step('read', { repository: key });
}

/** Fields and values of a hash that does not change. HSCAN may return a field twice; this yields each once. */
async function* scan(store: RedisStore, key: string): AsyncGenerator<readonly [string, string]> {
  const given = new Set<string>();
  let cursor = '0';
  do {
    const [next, flat] = await store.link.use('export ledger', (client) =>
      client.hscan(key, cursor, 'COUNT', pageSize),
    );
    cursor = next;
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const field = asText(flat[i]);
      if (given.has(field)) continue;
      given.add(field);
      yield [field, asText(flat[i + 1])];
    }
  } while (cursor !== '0');
}

function wholeTagRow(name: RepositoryName & { readonly tag: string }, text: string): TagRow {
  const row = readTagRow(name, text);
  if (row !== null) return { ...row.state, present: row.present, ...row.remembered };
  const found = `the row of ${repositoryKey(name)}:${name.tag} is damaged in Redis`;
  const cure = 'push the tag, or have it polled, which writes the row anew';
  throw unavailable(`export ledger: ${found}: must be whole: ${cure}`);
}

/** Fills an empty ledger. Rows are staged, then put in place by one script, so that it is all or nothing. */
export async function importRedis(
  store: RedisStore,
  random: () => number,
  rows: AsyncIterable<LedgerRow>,
): Promise<void> {
  const id = randomId(random);
  const step = (op: string, args: readonly string[] = []) =>
    refusingFull(() => store.run('import', 'import ledger', { op, id }, args));
  let batch: object[] = [];
  const targets: Extract<LedgerRow, { row: 'target' }>[] = [];
  const send = async () => {
    if (batch.length > 0) await step('rows', [encodeForLua(batch)]);
    batch = [];
  };
  const drop = async () => {
    while ((await step('drop')) !== '1') await nextTurn();
  };
  await drop();
  await step('begin');
  try {
    for await (const row of wholeExport(rows)) {
      if (row.row === 'target') targets.push(row);
      if (row.row === 'end' || row.row === 'target') continue;
      batch.push(forScript(row));
      if (batch.length >= importBatch) await send();
    }
    await send();
    // Before the commit: if it does not come, their epoch tells that they are not of this ledger.
    await refusingFull(() => importTargets(store, targets));
    await step('commit');
  } catch (error) {
    // If this fails too, the next import drops the rest.
    await drop().catch(() => {});
    throw error;
  }
}

/** Runs a step, and explains a refusal of a ledger that holds something. */
async function refusingFull<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const head = refusedCount(error, 'NOTEMPTY');
    throw head === null ? error : refuseNotEmpty(head);
  }
}

function changeForScript(row: Extract<LedgerRow, { row: 'change' }>): object {
  const { platforms, movedPlatforms, ...rest } = row;
  return {
    ...rest,
    ...(platforms === undefined ? {} : { platforms: JSON.stringify(platforms) }),
    ...(movedPlatforms === undefined ? {} : { movedPlatforms: JSON.stringify(movedPlatforms) }),
  };
}

function pendingForScript(observation: Deferred): object {
  const pending = { row: 'pending', text: encodePending(observation) };
  if (observation.awaits === undefined) return pending;
  const repo = repositoryKey(observation);
  const digest = observation.kind === 'tag' ? observation.digest : null;
  const sum = digest === null ? '' : digestSum(repo, observation.tag, digest);
  return { ...pending, repo, turn: observation.tag, sum };
}

function forScript(row: LedgerRow): object {
  if (row.row === 'pending') return pendingForScript(row.observation);
  if (row.row === 'change') return changeForScript(row);
  if (row.row !== 'tag' || row.digest === null) return row;
  return { ...row, sum: digestSum(repositoryKey(row), row.tag, row.digest) };
}
