/**
 * The port of a kind of target. To add one, write one file in `kinds/` and one line in `kinds.ts`. A kind knows one
 * tool: its settings, its request as a pure function, and what the tool's answer means. It keeps no state, and when to
 * send, how often and in which order is decided elsewhere.
 */
import type { z } from 'zod';
import type { ChangeType } from '../event/change.ts';
import type { RepositoryName } from '../event/reference.ts';
import type { WireChange } from '../event/wire-change.ts';
import type { HttpAnswer, HttpRequest } from './call/http.ts';
import type { Mail, MailAnswer } from './call/mail.ts';
import type { PatternSearch } from './call/pattern-search.ts';
import type { Command, RunAnswer } from './call/process.ts';

interface Attempt {
  /** The same over all attempts, restarts and gateways: 1–64 of [0-9a-z-]. A replay has new ones. */
  readonly id: string;
  /** The target's name. */
  readonly target: string;
  /** From 1. */
  readonly attempt: number;
  /** When this attempt began, wall clock, ms since the epoch. */
  readonly nowMs: number;
}

/** Changes to tell of. */
export interface ChangeDelivery extends Attempt {
  /** `test`: an operator asked for it, and the tool should be able to tell. */
  readonly kind: 'changes' | 'test';
  /** The newest of `changes`. */
  readonly change: WireChange;
  /**
   * All of one repository, the newest of each tag, oldest first; at most 1,000, and more than one only if the target
   * coalesces.
   */
  readonly changes: readonly [WireChange, ...WireChange[]];
}

/** Changes may have been missed: a subscriber would get `reset`. */
export interface ResetDelivery extends Attempt {
  readonly kind: 'reset';
  readonly reason: string;
  /** Where the target goes on, and the oldest position that could be resumed. */
  readonly position: string;
  readonly floor: string;
  /** When it was noticed, wall clock, ms since the epoch: the same over all attempts. */
  readonly atMs: number;
  /**
   * What the target is about, for a tool that must be told which images to look at: at most 100 repositories. Rejects
   * without the ledger.
   */
  repositories(): Promise<readonly RepositoryName[]>;
}

/** What the tool's answer means. `why` is for operators; the secrets in it are masked before anybody sees it. */
export type Verdict =
  /** The tool has taken it. */
  | { readonly kind: 'accepted' }
  /** The tool has nothing to do with this change, for good: nothing was sent, or it said so. */
  | { readonly kind: 'ignored'; readonly why: string }
  /** Try again, by the schedule; `afterMs`: not before that, as the tool asked. */
  | { readonly kind: 'retry'; readonly why: string; readonly afterMs?: number }
  /** The tool will never take this change; others it may. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The tool wants no more: the target is disabled until an operator resumes it. */
  | { readonly kind: 'stop'; readonly why: string };

/** How a command ended, and the end of its output in one line, without secrets. */
export interface ShownRunAnswer extends RunAnswer {
  readonly shown: string;
}

/** How a kind reaches the outside. All that an attempt does ends with the target's time limit. */
export interface Reach {
  /** @throws CallError if there is no answer. A kind need not catch it: it means `retry` */
  http(request: HttpRequest): Promise<HttpAnswer>;
  /** Runs a command. @throws CallError if it cannot be started */
  run(command: Command): Promise<ShownRunAnswer>;
  /** Whether a pattern is in a text. @throws CallError if that takes too long */
  find(search: PatternSearch): Promise<boolean>;
  /** The tool allows one attempt in so many ms, until it says otherwise; 0: as many as one likes. */
  allow(everyMs: number): void;
  /** Sends an e-mail. @throws CallError if the server says nothing */
  mail(mail: Mail): Promise<MailAnswer>;
}

/** Something that is wrong with settings whose single members are right. */
export interface SettingFault {
  /** The member. */
  readonly key: string;
  /** `what was found: must be …`, without secrets. */
  readonly message: string;
}

/** One kind. `Settings` is what `members` parses to. */
export interface Kind<Settings = unknown> {
  /** As the configuration has it: lower case, digits and `-`. */
  readonly name: string;
  /**
   * Its own members, besides the common ones (`config/targets.ts`). Members that hold a secret have the metadata
   * `secret: true` (`secret()` of `config/settings/values.ts`), and a URL `secret: 'path'` (`secretUrl()`); parsing must
   * leave key and text of both as they are. Their values are masked wherever they could appear.
   */
  readonly members: z.ZodObject & z.ZodType<Settings>;
  /** Members in which `${change.…}` is replaced. Everywhere else it stops the start. Default: none. */
  readonly templates?: readonly string[];
  readonly defaults: {
    /** Time limit of one attempt, ms. */
    readonly timeoutMs: number;
    /** Null: each change is a delivery of its own, and `coalesce` may not be set. */
    readonly coalesceMs: number | null;
    /** Attempts under way at once. 1 for a tool that must not be triggered while it works. */
    readonly concurrency: number;
    readonly types: readonly ChangeType[];
  };
  /** Whether it can tell its tool of deleted tags and manifests. */
  readonly deletes: boolean;
  /** Whether an operator may replay changes: no, if a repeated trigger does harm. */
  readonly replays: boolean;
  /** Whether a test needs a reference that the index knows, because the tool acts on it. */
  readonly needsReference: boolean;
  /** What is wrong between its members. Default: nothing. */
  faults?(settings: Settings): readonly SettingFault[];
  /** Tries once. What it throws means `retry`. */
  deliver(delivery: ChangeDelivery, settings: Settings, reach: Reach): Promise<Verdict>;
  /** Tells the tool that changes may have been missed. Absent: nothing is sent, because a trigger could do harm. */
  reset?(delivery: ResetDelivery, settings: Settings, reach: Reach): Promise<Verdict>;
  /** The exact requests as text, for a dry run. The caller masks the secrets. */
  describe(delivery: ChangeDelivery, settings: Settings): string;
}

/** What `types` is by default, of every kind: deletes trigger nothing. */
export const pushTypes: readonly ChangeType[] = ['tag.created', 'tag.updated'];

/** Why a tool that must be told which images to look at is told nothing after a reset. */
export const noRepository = 'the target names no repository, and the index has none that matches';
