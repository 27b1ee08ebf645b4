/** One value, or some of which one has to match. */
export type OneOrMore<T extends string = string> = T | readonly T[];

/** What a stream brings (PROTOCOL.md, section 3). Different members all have to match. */
export interface Filter {
  /** `host/name`, or a glob; a bare name is in the gateway's default registry. Absent: all that is allowed. */
  readonly repository?: OneOrMore;
  /** Exact, a glob, or `semver:<range>`. Absent: every tag. */
  readonly tag?: OneOrMore;
  /** Change types, `tag.*`, `manifest.*` or `*`. Absent: `tag.*`. */
  readonly type?: OneOrMore;
  /** `linux/amd64`: of the updates only those that moved one of these platforms. Absent: every change. */
  readonly platform?: OneOrMore;
  /** First what the tags point at now, then changes. Not sent if the stream resumes. Default false. */
  readonly snapshot?: boolean;
  /** While changes are held back, only the newest of a tag comes. Default false. */
  readonly conflate?: boolean;
  /** `none`: at once, if the operator allows it. Default `default`. */
  readonly pace?: 'default' | 'none';
}

/** Where a stream begins. */
export interface Start {
  /** The position after which it begins. Null: live, or at `since`. */
  readonly after: string | null;
  /** RFC 3339. */
  readonly since: string | null;
  /** Whether it begins with a snapshot. */
  readonly snapshot: boolean;
}

/** Members of a WebSocket `subscribe`: as the query's parameters, except that the change types are `types`. */
export function toSubscribe({ type, snapshot: _, ...filter }: Filter, start: Start): Record<string, unknown> {
  // JSON leaves out what is undefined.
  return {
    ...filter,
    ...{ types: type, after: start.after ?? undefined, since: start.since ?? undefined },
    snapshot: start.snapshot || undefined,
  };
}

/** Query parameters of a stream. A list is a parameter that repeats. */
export function toQuery(filter: Filter, start: Start): URLSearchParams {
  const query = new URLSearchParams();
  const { types: type, ...members } = toSubscribe(filter, start);
  for (const [name, value] of Object.entries({ ...members, type })) {
    if (value === undefined) continue;
    // An empty list matches nothing, and no parameter everything: an empty value is refused, as the list is in JSON.
    const values = Array.isArray(value) && value.length > 0 ? value : [value];
    for (const each of values) query.append(name, String(each));
  }
  return query;
}
