/** What changes come to, for each tag: what it pointed at before the first of them, and after the last. */

/** Most tags that are remembered. */
export const maxTags = 1_000_000;

interface ChangeRow {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly type: string;
  readonly digest: string | null;
  readonly previousDigest: string | null;
  /** RFC 3339. */
  readonly recordedAt: string;
}

/** A tag that is not what it was. */
export interface NetDifference {
  /** `unknown`: it moved, but one of the digests is not known, so it may be the same. */
  readonly type: 'created' | 'moved' | 'deleted' | 'unknown';
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly previousDigest: string | null;
  readonly digest: string | null;
  /** How many changes it had. */
  readonly changes: number;
  /** RFC 3339: when the last one was recorded. */
  readonly lastChangeAt: string;
}

interface Course {
  readonly newest: ChangeRow;
  readonly oldest: ChangeRow;
  readonly changes: number;
}

export class Net {
  readonly #courses = new Map<string, Course>();
  readonly #maxTags: number;
  #changes = 0;

  constructor(max = maxTags) {
    this.#maxTags = max;
  }

  /** Takes the changes of one repository, newest first. @returns false: it holds no further tag */
  add(change: ChangeRow): boolean {
    const { tag } = change;
    if (tag === null) return true;
    const course = this.#courses.get(tag);
    if (course === undefined && this.#courses.size >= this.#maxTags) return false;
    const { newest, changes } = course ?? { newest: change, changes: 0 };
    this.#courses.set(tag, { newest, oldest: change, changes: changes + 1 });
    this.#changes += 1;
    return true;
  }

  /** How many changes there were. */
  get changes(): number {
    return this.#changes;
  }

  has(tag: string): boolean {
    return this.#courses.has(tag);
  }

  get hasUnknown(): boolean {
    return this.differences.some(({ type }) => type === 'unknown');
  }

  /** By tag. A tag that came back to what it was is none. */
  get differences(): readonly NetDifference[] {
    const tags = [...this.#courses.keys()].sort();
    return tags.flatMap((tag) => {
      const course = this.#courses.get(tag);
      const difference = course === undefined ? null : differenceOf(tag, course);
      return difference === null ? [] : [difference];
    });
  }
}

function differenceOf(tag: string, { newest, oldest, changes }: Course): NetDifference | null {
  const wasThere = oldest.type !== 'tag.created';
  const isThere = newest.type !== 'tag.deleted';
  if (!wasThere && !isThere) return null;
  const { registry, repository, digest } = newest;
  const { previousDigest } = oldest;
  if (wasThere && isThere && digest !== null && digest === previousDigest) return null;
  const isUnknown = digest === null || previousDigest === null;
  const type = !wasThere ? 'created' : !isThere ? 'deleted' : isUnknown ? 'unknown' : 'moved';
  return {
    ...{ type, registry, repository, tag, previousDigest, digest },
    ...{ changes, lastChangeAt: newest.recordedAt },
  };
}
