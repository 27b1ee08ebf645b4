/** What is asked: the images of all places, each once. */
import { type NewerWord, newerRange } from './newer.ts';
import type { Wanted } from './wanted.ts';

/** One line of the answer. */
export interface Subject {
  readonly image: string;
  readonly tag: string | null;
  readonly digests: readonly string[];
  /** What is asked beside the image; null: nothing, or it is in the image. */
  readonly range: string | null;
  /** Whether a person asked for a range, so that an answer about it matters. */
  readonly isRangeGiven: boolean;
  readonly places: readonly string[];
  /** In every place it may have been built there. */
  readonly isBuilt: boolean;
}

export interface RangeWishes {
  /** Of `--range`; null: none. */
  readonly range: string | null;
  readonly newer: NewerWord;
}

/** In the order in which they were first met. The same image with other digests is another one. */
export function subjectsOf(wanted: readonly Wanted[], wishes: RangeWishes): readonly Subject[] {
  const subjects = new Map<string, Subject & { readonly places: string[] }>();
  for (const one of wanted) {
    const digests = [...one.digests].sort();
    const key = JSON.stringify([one.image, digests]);
    const before = subjects.get(key);
    // One list that grows: the same image may be in each of a cluster's Pods.
    const places = before?.places ?? [];
    if (one.place !== null) places.push(one.place);
    const isBuilt = (before?.isBuilt ?? true) && one.isBuilt;
    const { image, tag } = one;
    subjects.set(key, { image, tag, digests, places, isBuilt, ...rangeOf(one, wishes) });
  }
  return [...subjects.values()];
}

function rangeOf({ range: written, tag }: Wanted, { range, newer }: RangeWishes) {
  if (written !== null) return { range: null, isRangeGiven: true };
  if (range !== null) return { range, isRangeGiven: true };
  return { range: tag === null ? null : newerRange(tag, newer), isRangeGiven: false };
}
