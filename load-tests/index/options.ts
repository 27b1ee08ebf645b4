import { parseArgs } from 'node:util';
import { choiceFlag, numberFlag } from '../bench/flags.ts';
import type { Extent } from './content.ts';

const ledgerKinds = ['sqlite', 'redis'] as const;
export type LedgerKind = (typeof ledgerKinds)[number];

export interface IndexOptions {
  readonly ledger: LedgerKind;
  readonly extent: Extent;
  /** The ledger that memory is compared with. */
  readonly small: Extent;
  /** How often each query is asked. */
  readonly times: number;
  /** How long HEADs are sent to each server, s. */
  readonly seconds: number;
}

const maxTags = 10_000_000;
const maxMirrorTags = 10_000;
/** The smaller ledger has so many tags, or a tenth of the larger one's. */
const smallTags = 10_000;

/** @throws Error that names the flag, its value and what it must be */
export function parseIndexOptions(args: readonly string[]): IndexOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ledger: { type: 'string', default: 'sqlite' },
      tags: { type: 'string', default: '1000000' },
      changes: { type: 'string', default: '5000000' },
      times: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '10' },
    },
  });
  const tags = numberFlag('tags', values.tags, 1_000, maxTags);
  const changes = numberFlag('changes', values.changes, tags, 10 * maxTags);
  const few = Math.min(smallTags, Math.floor(tags / 10));
  return {
    ledger: choiceFlag('ledger', values.ledger, ledgerKinds),
    extent: extentOf(tags, changes),
    small: extentOf(few, Math.floor((changes / tags) * few)),
    times: numberFlag('times', values.times, 1, 100_000),
    seconds: numberFlag('seconds', values.seconds, 1, 3_600),
  };
}

function extentOf(tags: number, changes: number): Extent {
  return { tags, changes, mirrorTags: Math.min(maxMirrorTags, Math.ceil(tags / 100)) };
}
