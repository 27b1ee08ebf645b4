import type { Log } from '../../lib/log.ts';
import { type Metrics, noMetrics } from '../../lib/metrics.ts';
import type { Notice } from './health.ts';

interface NoticeOptions {
  /** Of the ledger's file, for the log. */
  readonly path: string;
  readonly log?: Log;
  readonly metrics?: Metrics;
}

const noticeTexts: Readonly<Record<Notice['kind'], string>> = {
  'new-epoch': 'ledger goes on under a new epoch: subscribers are reset',
  'changes-lost': 'ledger lost changes: subscribers that resume before them are reset',
  'pending-lost': 'ledger dropped damaged tags that waited for a digest: only a poll can find them',
  'target-lost': 'ledger found a damaged cursor: its target is reset, and begins at the head',
  damaged: 'ledger is damaged: it stores nothing more',
};

/** Logs and counts what the worker found. */
export function noticeTeller({ path, log, metrics = noMetrics }: NoticeOptions): (notice: Notice) => void {
  const losses = metrics.counter(
    'ledger_losses_total',
    'Times that the ledger did not hold what was written: told to subscribers as reset',
    ['kind'],
  );
  const damaged = metrics.gauge('ledger_damaged', '1 once the file was found damaged: nothing is stored');
  damaged.set(0);
  return ({ kind, ...found }) => {
    losses.inc({ kind });
    if (kind === 'damaged') damaged.set(1);
    log?.error({ path, ...found }, noticeTexts[kind]);
  };
}
