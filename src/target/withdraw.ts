import type { Batch } from './course/batch.ts';
import type { Entry } from './course/entry.ts';
import type { IndexQuestions } from './index-questions.ts';
import type { Verdict } from './kind.ts';

/**
 * Takes out of a delivery what is no longer current.
 *
 * @param withdraw takes out the entries that are over @returns null, or why it cannot be known now
 */
export async function withdrawOver(
  batch: Batch,
  index: IndexQuestions,
  withdraw: (isOver: (entry: Entry) => boolean) => void,
): Promise<Verdict | null> {
  try {
    const { entries } = batch;
    const areCurrent = await index.areCurrent(entries.map(({ change }) => change));
    const over = new Set(entries.filter((_, at) => areCurrent[at] === false));
    withdraw((entry) => over.has(entry));
    return null;
  } catch (error) {
    return { kind: 'retry', why: `read whether it is current: ${String(error)}` };
  }
}
