/** What a feed's status says to people. */
import type { FeedError, FeedStatus } from '../../../client/src/index.ts';
import { escapeText } from '../output/escape.ts';

export interface StatusText {
  readonly text: string;
  /** Worth a line in a log: a loss, and its end. */
  readonly isNews: boolean;
}

/** @param now ms since the epoch. @param before the state before. @param textOf what an error says. Null: nothing to show */
export function statusText(
  status: FeedStatus,
  before: FeedStatus['state'] | null,
  now: number,
  textOf: (why: FeedError) => string,
): StatusText | null {
  switch (status.state) {
    case 'connecting':
      return { text: `connecting over ${status.transport} …`, isNews: false };
    case 'live':
      return { text: `live over ${status.transport}`, isNews: before === 'waiting' };
    case 'waiting': {
      const seconds = Math.max(0, Math.ceil((status.untilMs - now) / 1_000));
      return { text: `again in ${seconds} s: ${escapeText(textOf(status.why))}`, isNews: true };
    }
    default:
      return null;
  }
}
