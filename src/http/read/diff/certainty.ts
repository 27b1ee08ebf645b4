/** Whether the index knows both sides of a comparison whole. */
import type { LedgerQueries, RepositoryState } from '../../../ledger/queries.ts';
import type { Reading } from '../../../reading/reading.ts';
import { oldestOf, readListings } from '../listings.ts';
import type { Side } from './side.ts';

/** Why an answer is not certain; the first that holds. */
export type DiffDoubt =
  /** The token may not see a repository of the page on one side: all of its tags seem to be on the other side only. */
  | 'not-granted'
  /** Nothing is known of a repository of the page on one side. */
  | 'unknown'
  /** The list of tags of a repository was never read whole. */
  | 'not-listed'
  /** A tag was announced without a digest, and the registry did not say it yet. */
  | 'no-digest'
  /** How old a list is cannot be told. */
  | 'not-confirmed';

export interface Certainty {
  /** Null: it is certain, as of the ages of the lists. */
  readonly reason: DiffDoubt | null;
  /** How long ago the list of each side was read, of several the oldest, ms; null: never, or not known. */
  readonly leftAgeMs: number | null;
  readonly rightAgeMs: number | null;
}

export interface Compared {
  readonly left: Side;
  readonly right: Side;
  /** Of the repositories that the page has tags of, on either side; at most 1,000. */
  readonly paths: readonly string[];
  readonly lacksDigest: boolean;
}

export async function judgeListings(
  ledger: Pick<LedgerQueries, 'listRepositories'>,
  reading: Reading,
  { left, right, paths, lacksDigest }: Compared,
): Promise<Certainty> {
  const [a, b] = [
    await listingOf(ledger, reading, left, paths),
    await listingOf(ledger, reading, right, paths),
  ];
  const doubts = new Set<DiffDoubt | null>([a.doubt, b.doubt, lacksDigest ? 'no-digest' : null]);
  const reason = order.find((doubt) => doubts.has(doubt)) ?? null;
  return { reason, leftAgeMs: a.ageMs, rightAgeMs: b.ageMs };
}

const order: readonly DiffDoubt[] = ['not-granted', 'unknown', 'not-listed', 'no-digest', 'not-confirmed'];

interface Listing {
  readonly doubt: DiffDoubt | null;
  readonly ageMs: number | null;
}

async function listingOf(
  ledger: Pick<LedgerQueries, 'listRepositories'>,
  reading: Reading,
  side: Side,
  paths: readonly string[],
): Promise<Listing> {
  const keys = paths.map((path) => side.name + path);
  if (keys.length === 0) return { doubt: 'unknown', ageMs: null };
  // Of what is not granted nothing is asked: the answer must not tell whether it exists.
  if (keys.some((key) => !reading.grant.allows(key))) return { doubt: 'not-granted', ageMs: null };
  const states = await readListings(ledger, reading, keys);
  const doubts = keys.map((key) => doubtOf(states.get(key)));
  const doubt = doubts.find((each) => each === 'unknown') ?? doubts.find((each) => each !== null) ?? null;
  if (doubt !== null) return { doubt, ageMs: null };
  const ageMs = oldestOf(keys.map((key) => states.get(key)?.listed?.readAgeMs ?? null));
  return { doubt: ageMs === null ? 'not-confirmed' : null, ageMs };
}

function doubtOf(state: RepositoryState | undefined): DiffDoubt | null {
  if (state === undefined) return 'unknown';
  return state.listed === null ? 'not-listed' : null;
}
