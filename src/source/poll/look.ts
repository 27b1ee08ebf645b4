/**
 * One look at one repository: lists its tags if a pattern needs that, HEADs what may have moved, and records what
 * it saw. It says `gone` only after a 404 of the manifest and, of most tags at once, after a second look.
 */
import { isTag } from '../../event/reference.ts';
import { headTag, type TagLook } from '../../upstream/manifest.ts';
import { isOutage, UpstreamError } from '../../upstream/upstream-error.ts';
import { type Absence, absenceOf } from './absence.ts';
import { LookBatch } from './batch.ts';
import { generic } from './listers/generic.ts';
import { type Lister, type Listing, type ListingEnd, listBounds } from './listers/lister.ts';
import type { LookDeps, LookResult, LookTask } from './look-task.ts';
import { type GoneTag, type KnownTags, Losses, type SecondThoughts } from './losses.ts';
import type { Memo } from './memo.ts';
import { type Plan, planHeads } from './plan.ts';
import { matcherOf } from './scopes.ts';
import { wholeOf } from './whole-list.ts';

/** HEADs that may follow each other at once; more are spread over time. */
const burstHeads = 16;
const spreadShare = 0.8;
/** Interval of full sweeps, if other listings stop at what is known, ms. */
const sweepMs = 3_600_000;
/** How far out of order a registry's rows may appear, ms. */
const overlapMs = 5 * 60_000;
/** Failed tags in a row that end the look; a single broken manifest must not hide the others. */
const maxFailuresInRow = 5;
/** Present tags that are asked for again at the end of a look that found others gone. */
const maxWitnesses = 3;
/** Failed looks in a row after which a scope counts as seen without the tags that failed. */
const patience = 3;

/** Looks once. Never rejects: what failed is in the result. */
export async function lookAt(task: LookTask, deps: LookDeps): Promise<LookResult> {
  const look = new Look(task, deps);
  await look.run();
  return look.result();
}

class Look {
  readonly #task: LookTask;
  readonly #deps: LookDeps;
  readonly #batch: LookBatch;
  readonly #losses: Losses;
  /** Tags whose HEAD was answered. */
  readonly #certain = new Set<string>();
  /** The first few tags that were there. */
  readonly #found: string[] = [];
  /** Null: not read. */
  #known: KnownTags | null = null;
  #withheldForMs: number | null = null;
  #judged = false;
  /** Whether tags were found gone that may be there. */
  #isDoubtful = false;
  #memo: Memo;
  #requests = 0;
  #answered = false;
  #error: Error | null = null;
  #backlog = false;
  #absence: Absence | null = null;
  #listEnd: ListingEnd | null = null;
  #concluded = false;
  #isNew: (tag: string) => boolean = () => true;
  #unbaselined: readonly string[] = [];

  constructor(task: LookTask, deps: LookDeps) {
    this.#task = task;
    this.#deps = deps;
    this.#batch = new LookBatch(deps.ledger, deps.clock);
    this.#memo = task.memo;
    this.#losses = new Losses(task.scopes, task.memo.lostSince, deps.clock.now(), task.confirmMs);
  }

  result(): LookResult {
    return {
      memo: this.#memo,
      changes: this.#batch.changes,
      requests: this.#requests,
      error: this.#error,
      partial: this.#error !== null && this.#concluded,
      answered: this.#answered,
      absence: this.#absence,
      listEnd: this.#listEnd,
      backlog: this.#backlog,
      withheldForMs: this.#withheldForMs,
    };
  }

  async run(): Promise<void> {
    try {
      await this.#prepare();
      const listing = this.#task.scopes.patterns.length > 0 ? await this.#list() : null;
      const plan = await this.#plan(listing);
      await this.#askAll(plan);
      await this.#judgeLosses(false);
      await this.#conclude(plan, listing);
      this.#concluded = this.#answered;
      if (this.#error === null) this.#absence = absenceOf(listing, this.#certain.size, this.#found.length);
    } catch (error) {
      this.#fail(error);
    }
    try {
      // What was seen before something failed is still true.
      if (!this.#judged) await this.#judgeLosses(true);
      await this.#batch.flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#error ??= error instanceof Error ? error : new Error(String(error));
  }

  async #prepare(): Promise<void> {
    const { registry, repository, scopes, memo, baselineKey } = this.#task;
    if (memo.baselined === baselineKey) return;
    const baselines = await this.#deps.ledger.baselines(registry, repository);
    this.#isNew = matcherOf(baselines);
    const known = new Set(baselines);
    this.#unbaselined = scopes.all.filter((scope) => !known.has(scope));
    if (this.#unbaselined.length === 0) this.#memo = { ...this.#memo, baselined: baselineKey };
  }

  /** Lists the tags; null if that failed: exact tags are still looked at. */
  async #list(): Promise<Listing | null> {
    try {
      return await this.#listByKind();
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.reason === 'refused') throw error;
      this.#fail(error);
      return null;
    }
  }

  async #listByKind(): Promise<Listing> {
    const { lister, clock } = this.#deps;
    // Only a whole list shows what is missing, or what is back.
    const sweepDue = clock.now() - this.#memo.sweptAt >= sweepMs || this.#memo.lostSince !== 0;
    if (lister === generic || (this.#memo.plainList && !sweepDue)) return this.#walk(generic, null);
    const incremental = lister.incremental && !sweepDue && this.#unbaselined.length === 0;
    const { newestAt } = this.#memo;
    try {
      const listing = await this.#walk(
        lister,
        incremental && newestAt !== null ? newestAt - overlapMs : null,
      );
      this.#memo = { ...this.#memo, plainList: false };
      return listing;
    } catch (error) {
      const reason = error instanceof UpstreamError ? error.reason : 'network';
      if (reason !== 'missing' && reason !== 'denied' && reason !== 'invalid') throw error;
      this.#memo = { ...this.#memo, plainList: true, sweptAt: clock.now() };
      return this.#walk(generic, null);
    }
  }

  async #walk(lister: Lister, since: number | null): Promise<Listing> {
    const { client, onBadAnswer } = this.#deps;
    this.#requests += 1;
    const listing = await lister.list({
      client,
      repository: this.#task.repository,
      since,
      bounds: listBounds,
    });
    this.#answered = true;
    this.#listEnd = listing.end;
    if (listing.invalidTags > 0) onBadAnswer('invalid-tag', listing.invalidTags);
    if (listing.end === 'looping') onBadAnswer('looping-list');
    if (listing.end === 'bounded') onBadAnswer('list-too-long');
    return listing;
  }

  async #plan(listing: Listing | null): Promise<Plan> {
    const { scopes, maxHeads, memo } = this.#task;
    const known: KnownTags = listing === null ? new Map() : await this.#readKnown();
    const missing = listing === null ? [] : this.#losses.takeList(listing, known);
    const isNew = (tag: string) => this.#isNew(tag) || this.#task.announces(tag);
    const plan = planHeads({ scopes, listing, known, missing, isNew, cursor: memo.cursor, maxHeads });
    this.#backlog = plan.backlog;
    for (const { tag, digest } of plan.fills) {
      const look = { kind: 'found', digest, mediaType: null, size: null } as const;
      this.#saw(tag, { ...look, askedAt: listing?.askedAt ?? this.#deps.clock.monotonic() });
      await this.#batch.flushIfFull();
    }
    return plan;
  }

  async #readKnown(): Promise<KnownTags> {
    const { registry, repository } = this.#task;
    const known = new Map<string, string | null>();
    for await (const { tag, digest } of this.#deps.ledger.knownTags(registry, repository)) {
      if (known.size >= listBounds.maxTags) break;
      known.set(tag, digest);
    }
    this.#known = known;
    return known;
  }

  async #askAll(plan: Plan): Promise<void> {
    const leave = plan.tags.length > burstHeads ? this.#task.enterLarge() : null;
    const tags = plan.tags.length > burstHeads && leave === null ? plan.tags.slice(0, burstHeads) : plan.tags;
    if (tags.length < plan.tags.length) this.#backlog = true;
    const gapMs = leave === null ? 0 : (this.#task.spreadMs * spreadShare) / tags.length;
    try {
      await this.#askEach(tags, plan.turnFrom, gapMs);
    } finally {
      leave?.();
    }
  }

  async #askEach(tags: readonly string[], turnFrom: number, gapMs: number): Promise<void> {
    const { clock } = this.#deps;
    const startedAt = clock.monotonic();
    let failuresInRow = 0;
    for (const [index, tag] of tags.entries()) {
      // Counted from the start, so that slow answers do not stretch the look further.
      const waitMs = startedAt + index * gapMs - clock.monotonic();
      if (waitMs > 0) await clock.sleep(waitMs, this.#task.signal);
      if (this.#task.signal.aborted) throw new UpstreamError('closed', 'look at tags: stopped');
      if (index >= turnFrom) this.#memo = { ...this.#memo, cursor: tag };
      try {
        this.#requests += 1;
        this.#saw(tag, await headTag(this.#deps.client, this.#task.repository, tag));
        this.#answered = true;
        this.#certain.add(tag);
        failuresInRow = 0;
      } catch (error) {
        if (!(error instanceof UpstreamError) || endsLook(error)) throw error;
        this.#fail(error);
        if (!isOutage(error.reason)) this.#deps.onBadAnswer(error.reason);
        failuresInRow += 1;
        if (failuresInRow >= maxFailuresInRow) throw error;
      }
      await this.#batch.flushIfFull();
    }
  }

  #saw(tag: string, look: TagLook): void {
    const { askedAt } = look;
    if (look.kind === 'gone') {
      if (this.#losses.add({ tag, askedAt })) this.#sayGone({ tag, askedAt });
      return;
    }
    if (this.#found.length < maxWitnesses) this.#found.push(tag);
    const { digest, mediaType, size } = look;
    const silent = !this.#isNew(tag) && !this.#task.announces(tag) ? { silent: true } : {};
    const seen = { kind: 'tag', ...this.#about(tag), digest, mediaType, size, ...silent } as const;
    this.#batch.add(seen, askedAt);
  }

  #sayGone({ tag, askedAt }: GoneTag): void {
    this.#batch.add({ kind: 'tag-gone', ...this.#about(tag) }, askedAt);
  }

  #about(tag: string) {
    const { registry, repository } = this.#task;
    return { registry, repository, tag, looked: true, origin: 'poll' } as const;
  }

  /** Records which tags are gone, except a mass loss that a second look must confirm. */
  async #judgeLosses(isCut: boolean): Promise<void> {
    this.#judged = true;
    const known: KnownTags = this.#losses.any ? (this.#known ?? (await this.#readKnown())) : new Map();
    const isWhole = this.#answered && this.#error === null;
    const thoughts = await this.#askAgain(known, isCut);
    const verdict = this.#losses.judge(known, this.#certain, isWhole, thoughts);
    this.#memo = { ...this.#memo, lostSince: verdict.lostSince };
    this.#withheldForMs = verdict.withheldForMs;
    this.#isDoubtful = verdict.withheldForMs !== null || thoughts.hasReturned;
    if (verdict.isFirst) this.#deps.onMassLoss();
    for (const gone of verdict.announced) {
      this.#sayGone(gone);
      await this.#batch.flushIfFull();
    }
  }

  /**
   * Asks again for tags that were gone, and some that were there: the registry may have lost all, or for a
   * moment.
   */
  async #askAgain(known: KnownTags, isCut: boolean): Promise<SecondThoughts> {
    const gone = this.#losses.waiting.filter(({ tag }) => known.has(tag)).slice(0, burstHeads);
    if (gone.length === 0) return { isEmptied: false, hasReturned: false };
    // The look was cut short: a later one finds what is gone.
    if (isCut && this.#error !== null && endsLook(this.#error))
      return { isEmptied: false, hasReturned: true };
    const isThere = async (tag: string) => {
      this.#requests += 1;
      return (await headTag(this.#deps.client, this.#task.repository, tag)).kind === 'found';
    };
    for (const { tag } of gone) if (await isThere(tag)) return { isEmptied: false, hasReturned: true };
    for (const tag of this.#found) if (await isThere(tag)) return { isEmptied: false, hasReturned: false };
    return { isEmptied: this.#found.length > 0, hasReturned: false };
  }

  async #conclude(plan: Plan, listing: Listing | null): Promise<void> {
    const certain = this.#certain;
    const { scopes, registry, repository, baselineKey } = this.#task;
    // A whole list is not enough: a backlog means that some of its tags were not asked for yet.
    const sawPatterns =
      listing !== null && (listing.end === 'complete' || listing.end === 'bounded') && !this.#backlog;
    const patient = this.#task.memo.failures < patience;
    const sawTags = !patient || plan.tags.every((tag) => certain.has(tag));
    const done = this.#unbaselined.filter((scope) =>
      isTag(scope) ? certain.has(scope) : sawPatterns && sawTags,
    );
    const askedAt = this.#deps.clock.monotonic();
    for (const scope of done)
      this.#batch.add({ kind: 'baseline', registry, repository, scope, origin: 'poll' }, askedAt);
    if (listing !== null) this.#sayListed(plan, listing);
    await this.#batch.flush();
    if (done.length === this.#unbaselined.length && scopes.all.length > 0) {
      this.#memo = { ...this.#memo, baselined: baselineKey };
    }
    if (listing === null || !sawTags || this.#backlog || listing.end === 'looping') return;
    const newest = newestOf(listing);
    this.#memo = {
      ...this.#memo,
      newestAt: newest === null ? this.#memo.newestAt : Math.max(newest, this.#memo.newestAt ?? 0),
      sweptAt:
        listing.end === 'caught-up' || this.#memo.plainList ? this.#memo.sweptAt : this.#deps.clock.now(),
    };
  }

  /** Says that the index has the whole list, after all that makes it so. */
  #sayListed(plan: Plan, listing: Listing): void {
    const { scopes, registry, repository } = this.#task;
    const evidence = { scopes, listing, plan, known: this.#known ?? new Map(), asked: this.#certain };
    const whole = wholeOf({ ...evidence, isDoubtful: this.#isDoubtful });
    if (whole === null) return;
    const listed = { kind: 'listed', registry, repository, whole, looked: true, origin: 'poll' } as const;
    this.#batch.add(listed, listing.askedAt);
  }
}

/** Whether the other tags of this look would fail in the same way. */
function endsLook(error: Error): boolean {
  if (!(error instanceof UpstreamError)) return true;
  return error.reason === 'refused' || error.reason === 'denied' || error.reason === 'closed';
}

function newestOf(listing: Listing): number | null {
  let newest: number | null = null;
  for (const { movedAt } of listing.rows.values()) {
    if (movedAt !== null && (newest === null || movedAt > newest)) newest = movedAt;
  }
  return newest;
}
