import type { Change, ResetReason, TagState } from './wire.ts';

/** What an iterator yields. `reset` is a value, so that no typed consumer overlooks it. */
export type FeedEvent =
  /** Something changed. `resume` may be saved once the change is processed. */
  | { readonly kind: 'change'; readonly change: Change; readonly resume: string }
  /** A snapshot begins, maybe anew: rows that came before no longer count. `state` events and `ready` follow. */
  | { readonly kind: 'snapshot' }
  /** A row of the snapshot. */
  | { readonly kind: 'state'; readonly row: TagState }
  /** Snapshot and replay are complete; live changes follow. It comes after each reconnect. */
  | { readonly kind: 'ready'; readonly position: string }
  /**
   * Changes are missing: the stream could not go on where it was, and goes on after `position`. With `snapshot` a
   * new one follows; otherwise look at the tags that matter. `floor` is the oldest position that can be resumed.
   */
  | {
      readonly kind: 'reset';
      readonly reason: ResetReason;
      readonly position: string;
      readonly floor: string;
    };
