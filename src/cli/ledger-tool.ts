import type { Config } from '../config/shape.ts';
import { ManifeedError } from '../errors.ts';
import { openLedger } from '../gateway/ledger.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RepositoryListPage } from '../ledger/queries.ts';
import { backUpSqlite, restoreSqlite } from '../ledger/sqlite/backup.ts';
import { exportSqlite, isOldSqlite, type SqliteFacts, sqliteFacts } from '../ledger/sqlite/reader.ts';
import { decodeRows, encodeRow } from '../ledger/transfer-codec.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { randomId } from '../lib/random-id.ts';
import { type LedgerInfo, type LedgerTool, showTime } from './ledger-command.ts';

const pageSize = 1_000;

/**
 * @param mayWrite if false, the ledger must exist; a gateway may have it open
 * @throws UNAVAILABLE when it cannot be opened
 */
export async function openLedgerTool(config: Config, mayWrite: boolean): Promise<LedgerTool> {
  const open = () =>
    openLedger(config.ledger, { retention: config.retention, clock: systemClock, random: systemRandom });
  if (config.ledger.kind === 'sqlite' && !mayWrite) {
    const { path } = config.ledger;
    // Opening migrates an old file. If a gateway has it open, that gateway has migrated it.
    if (isOldSqlite(path)) await (await open()).close();
    return readSqlite(path);
  }
  const ledger = await open();
  return {
    info: () => inspect(ledger, config.ledger),
    async *exportLines() {
      for await (const row of ledger.exportRows()) yield encodeRow(row);
    },
    importChunks: (chunks) => ledger.importRows(decodeRows(chunks)),
    backUp: async () => {
      throw notSqlite('back up', config.ledger.kind);
    },
    close: () => ledger.close(),
  };
}

function readSqlite(path: string): LedgerTool {
  return {
    info: async () => infoOf(path, sqliteFacts(path)),
    async *exportLines() {
      for (const row of exportSqlite(path)) yield encodeRow(row);
    },
    importChunks: async () => {
      throw new Error('import ledger: it was opened to be read: must be opened to be written');
    },
    backUp: (file) => backUpSqlite(path, file),
    close: async () => {},
  };
}

/** @throws UNAVAILABLE if a gateway has the ledger open, or the file is no backup */
export async function restoreLedger({ ledger }: Config, file: string): Promise<readonly string[]> {
  if (ledger.kind !== 'sqlite') throw notSqlite('restore', ledger.kind);
  const { epoch, head, setAside } = await restoreSqlite({
    path: ledger.path,
    backup: file,
    epoch: randomId(systemRandom),
    now: systemClock.now(),
  });
  return [
    `restored ${ledger.path} from ${file}: head ${epoch}-${head}, under a new epoch: every subscriber will be reset`,
    ...(setAside === null ? [] : [`the ledger that was there is now ${setAside}, in the same folder`]),
  ];
}

function notSqlite(what: string, kind: string): ManifeedError {
  return new ManifeedError(
    'UNAVAILABLE',
    `${what} ledger: it is ${kind}: must be SQLite (Redis has tools of its own: docs/operating.md)`,
  );
}

function infoOf(path: string, facts: SqliteFacts): LedgerInfo {
  const { epoch, floor, head, tags, repositories, oldestAt, newestAt } = facts;
  const { bytes, logBytes, schema, isHeld, owner } = facts;
  const known =
    owner === null ? 'a gateway' : `process ${owner.pid} on ${owner.host}, since ${showTime(owner.since)}`;
  const file = { path, bytes, logBytes, schema, holder: isHeld ? known : null };
  return { kind: 'sqlite', epoch, floor, head, tags, repositories, oldestAt, newestAt, file };
}

async function inspect(ledger: Ledger, config: Config['ledger']): Promise<LedgerInfo> {
  if (config.kind === 'sqlite') return infoOf(config.path, sqliteFacts(config.path));
  const { epoch, floor, head } = await ledger.bounds();
  const timeOf = async (after: number) => (await ledger.read(after, 1)).changes[0]?.recordedAt ?? null;
  const [oldestAt, newestAt] = [await timeOf(floor), head > floor ? await timeOf(head - 1) : null];
  const { tags, repositories } = await countTags(ledger);
  return { kind: config.kind, epoch, floor, head, tags, repositories, oldestAt, newestAt, file: null };
}

/** Reads page by page, so that memory stays bounded. Counts repositories that have a tag. */
async function countTags(ledger: Ledger): Promise<{ tags: number; repositories: number }> {
  let tags = 0;
  let repositories = 0;
  for (let after: RepositoryListPage['next'] = null; ; ) {
    const query = { limit: pageSize, ...(after === null ? {} : { after }) };
    const page: RepositoryListPage = await ledger.listRepositories(query);
    for (const row of page.repositories) {
      tags += row.tags;
      if (row.tags > 0) repositories += 1;
    }
    after = page.next;
    if (after === null) return { tags, repositories };
  }
}
