/** The ledger as `manifeed ledger` needs it. */
import { stat } from 'node:fs/promises';
import { openLedger } from './app-ledger.ts';
import type { LedgerInfo, LedgerTool } from './cli/ledger-command.ts';
import type { Config } from './config.ts';
import { ManifeedError } from './errors.ts';
import type { Ledger } from './ledger/ledger.ts';
import { isTransferable, type Transferable } from './ledger/transfer.ts';
import { decodeRows, encodeRow } from './ledger/transfer-codec.ts';
import { systemClock } from './lib/clock.ts';
import { systemRandom } from './lib/random.ts';

/** Tags counted at a time. */
const pageSize = 1_000;

/**
 * @param mayCreate false: a mistyped path is an error instead of an empty ledger
 * @throws UNAVAILABLE when it can't be opened
 */
export async function openLedgerTool(config: Config, mayCreate: boolean): Promise<LedgerTool> {
  if (config.ledger.kind === 'sqlite' && !mayCreate) await requireFile(config.ledger.path);
  const ledger = await openLedger(config.ledger, {
    retention: config.retention,
    clock: systemClock,
    random: systemRandom,
  });
  return {
    info: () => inspect(ledger, config.ledger),
    async *exportLines() {
      for await (const row of transferable(ledger).exportRows()) yield encodeRow(row);
    },
    importChunks: (chunks) => transferable(ledger).importRows(decodeRows(chunks)),
    close: () => ledger.close(),
  };
}

async function requireFile(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (cause) {
    throw new ManifeedError('UNAVAILABLE', `open ledger: ${path}: must be a file that is there`, { cause });
  }
}

function transferable(ledger: Ledger): Transferable {
  if (isTransferable(ledger)) return ledger;
  throw new ManifeedError('UNAVAILABLE', 'move ledger: this kind has no export: must be SQLite or Redis');
}

async function inspect(ledger: Ledger, config: Config['ledger']): Promise<LedgerInfo> {
  const { epoch, floor, head } = await ledger.bounds();
  const oldest = (await ledger.read(floor, 1)).changes[0];
  const { tags, repositories } = await countTags(ledger);
  const bytes = config.kind === 'sqlite' ? (await stat(config.path)).size : null;
  const oldestAt = oldest?.recordedAt ?? null;
  return { kind: config.kind, epoch, floor, head, tags, repositories, oldestAt, bytes };
}

/** By pages: a ledger of millions of tags is counted in bounded memory, since equal repositories follow each other. */
async function countTags(ledger: Ledger): Promise<{ tags: number; repositories: number }> {
  let tags = 0;
  let repositories = 0;
  let last = '';
  let cursor: string | null = null;
  do {
    const page = await ledger.tags({ limit: pageSize, ...(cursor === null ? {} : { cursor }) });
    for (const { registry, repository } of page.tags) {
      const key = `${registry}/${repository}`;
      if (key !== last) repositories++;
      last = key;
      tags++;
    }
    cursor = page.cursor;
  } while (cursor !== null);
  return { tags, repositories };
}
