/**
 * Asks for the states of tags in groups. A HEAD at the facade asks for one tag; a question alone costs a worker or a
 * Redis most of what a hundred cost. While one group is under way, the next one gathers: a lone question waits for
 * nothing.
 */
import { GroupCommit } from '../lib/group-commit.ts';
import { assertBatch, type KnownTag, type LedgerQueries, maxBatch, type TagName } from './queries.ts';

type States = readonly (KnownTag | null)[];
type Answer = { readonly states: States } | { readonly error: unknown };

/** Names that wait: as many as the checks that are admitted at once may ask for. */
const maxWaitingNames = 256 * maxBatch;

/**
 * `LedgerQueries.states` for single questions, from one for groups of at most 1,000 names.
 *
 * @param maxWaiting names that may wait; beyond it, a question rejects with UNAVAILABLE
 */
export function groupedStates(
  read: (names: readonly TagName[]) => Promise<States>,
  maxWaiting = maxWaitingNames,
): LedgerQueries['states'] {
  const groups = new GroupCommit<readonly TagName[], Answer>({
    action: 'read states of tags',
    commit: async (group) =>
      answer(
        read,
        group.map(({ call }) => call),
      ),
    sizeOf: (names) => names.length,
    maxWaiting,
    maxGroup: maxBatch,
  });
  return async (names) => {
    assertBatch(names);
    const answered = await groups.add(names);
    if ('error' in answered) throw answered.error;
    return answered.states;
  };
}

/** If a group fails, each question is asked alone: one damaged row must not fail the others. */
async function answer(
  read: (names: readonly TagName[]) => Promise<States>,
  questions: readonly (readonly TagName[])[],
): Promise<readonly Answer[]> {
  try {
    const states = await read(questions.flat());
    let next = 0;
    return questions.map(({ length }) => {
      const from = next;
      next += length;
      return { states: states.slice(from, next) };
    });
  } catch (error) {
    if (questions.length === 1) return [{ error }];
    const alone: Answer[] = [];
    for (const question of questions) alone.push(...(await answer(read, [question])));
    return alone;
  }
}
