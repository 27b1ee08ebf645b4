/** What operators can do with a target. */
import { invalidParameter, ManifeedError } from '../errors.ts';
import { changeToJson } from '../event/encode.ts';
import { formatPosition, type Position, parsePosition } from '../event/position.ts';
import { parseReference, type RepositoryName } from '../event/reference.ts';
import { parseRfc3339 } from '../event/rfc3339.ts';
import { parseWireChange, type WireChange } from '../event/wire-change.ts';
import type { TargetRow } from '../ledger/cursors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { randomId } from '../lib/random-id.ts';
import { movedTo } from './course/move.ts';
import type { ChangeDelivery, Verdict } from './kind.ts';
import { reportTargets, type TargetReport } from './report.ts';
import type { Served, Targets } from './targets.ts';
import type { Tool } from './tool.ts';

/** A tag as the index has it. */
interface IndexedTag extends RepositoryName {
  readonly tag: string;
  readonly present: boolean;
  readonly digest: WireChange['digest'];
  readonly mediaType: string | null;
  readonly size: number | null;
  readonly updatedAt: number;
  readonly sequence: number;
}

interface ControlParts {
  readonly targets: Targets;
  readonly ledger: {
    bounds(): Promise<{ readonly epoch: string; readonly floor: number; readonly head: number }>;
    seek(time: number): Promise<number>;
    states(names: readonly (RepositoryName & { tag: string })[]): Promise<readonly (IndexedTag | null)[]>;
  };
  readonly hub: { readonly head: { readonly epoch: string; readonly sequence: number } };
  readonly defaultRegistry: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a test sent, and what the tool answered. */
export interface TestReport {
  /** The requests, with secrets masked. */
  readonly request: string;
  /** Null: a dry run. */
  readonly verdict: Verdict | null;
}

/** Where a replay begins: after a position, or with the first change recorded at or after a time (RFC 3339). */
export interface ReplayStart {
  readonly after?: string | undefined;
  readonly since?: string | undefined;
}

/** What a test tells of if no reference is given: a repository that is not there. */
const sample = { registry: 'registry.example.com', repository: 'manifeed/test', tag: 'test' };
const sampleDigest = `sha256:${'0'.repeat(64)}`;

/** All methods reject with NOT_FOUND for a name that is not configured, and UNAVAILABLE without the ledger. */
export class TargetControl {
  readonly #parts: ControlParts;
  /** Targets with a test under way. */
  readonly #tested = new Set<string>();

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  list(): Promise<readonly TargetReport[]> {
    return reportTargets(this.#parts);
  }

  async pause(name: string): Promise<TargetReport> {
    return this.#wish('pause', name, { paused: true });
  }

  /** Also enables a target that its tool disabled. */
  async resume(name: string): Promise<TargetReport> {
    return this.#wish('resume', name, { paused: false, disabled: null });
  }

  /** Goes on at the head; what waits is given up. */
  async skip(name: string): Promise<TargetReport> {
    this.#served('skip', name);
    const { epoch, head } = await this.#parts.ledger.bounds();
    return this.#wish('skip', name, { goTo: { epoch, sequence: head }, replay: null });
  }

  /** Never moves it forward, which would give up what waits. @throws PARAMETER_INVALID, POSITION_GONE */
  async replay(name: string, start: ReplayStart): Promise<TargetReport> {
    const { target } = this.#served('replay', name);
    if (!target.kind.replays) {
      const rule = `kind ${target.kind.name} does harm when repeated: must be a kind that may be replayed`;
      throw invalidParameter('name', `replay target: ${name}: ${rule}`);
    }
    const goTo = await this.#startOf(start);
    await this.#assertBack(name, start, goTo);
    return this.#wish('replay', name, { goTo, replay: randomId(this.#parts.random) });
  }

  /**
   * Sends one marked test, from this gateway, whichever serves the target.
   *
   * @param reference a tag; null: an invented one, if the kind allows that
   * @param isDry sends nothing
   * @throws PARAMETER_INVALID; TOO_MANY_REQUESTS while another test is under way (a command would run many times at
   *   once), and while the tool allows no further event
   */
  async test(name: string, reference: string | null, isDry: boolean): Promise<TestReport> {
    const { target, tool } = this.#served('test', name);
    const { clock, random } = this.#parts;
    const change = await this.#changeOf(name, target.kind.needsReference, reference);
    const delivery: ChangeDelivery = {
      ...{ kind: 'test', id: `test-${randomId(random)}`, target: name, attempt: 1 },
      ...{ nowMs: clock.now(), change, changes: [change] },
    };
    const request = target.mask(target.kind.describe(delivery, target.settings));
    return {
      request,
      verdict: isDry ? null : await this.#alone(name, () => this.#send(name, tool, delivery)),
    };
  }

  #send(name: string, tool: Tool, delivery: ChangeDelivery): Promise<Verdict> {
    const { rate } = tool;
    const now = this.#parts.clock.monotonic();
    if (rate.restsUntil > now) {
      const seconds = Math.ceil((rate.restsUntil - now) / 1_000);
      const rule = `the tool allows no further event now (WebHook-Allowed-Rate): try again in ${seconds} s`;
      throw new ManifeedError('TOO_MANY_REQUESTS', `test target: ${name}: ${rule}`);
    }
    rate.started(now);
    return tool.deliver(delivery);
  }

  async #alone<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#tested.has(name)) {
      const rule = 'a test is under way: must end first';
      throw new ManifeedError('TOO_MANY_REQUESTS', `test target: ${name}: ${rule}`);
    }
    this.#tested.add(name);
    try {
      return await work();
    } finally {
      this.#tested.delete(name);
    }
  }

  #served(action: string, name: string): Served {
    const served = this.#parts.targets.all.get(name);
    if (served !== undefined) return served;
    throw new ManifeedError(
      'NOT_FOUND',
      `${action} target: no such target: must be one of the configuration`,
    );
  }

  async #wish(action: string, name: string, change: Parameters<Targets['wish']>[1]): Promise<TargetReport> {
    this.#served(action, name);
    const row: TargetRow | null = await this.#parts.targets.wish(name, change);
    const report = (await this.list()).find((each) => each.name === name);
    if (row !== null && report !== undefined) return report;
    const rule = 'no gateway has served it yet: try again in some seconds';
    throw new ManifeedError('UNAVAILABLE', `${action} target: ${name}: ${rule}`);
  }

  async #startOf({ after, since }: ReplayStart): Promise<Position> {
    const { clock, ledger } = this.#parts;
    const bounds = await ledger.bounds();
    const { epoch, floor, head } = bounds;
    if ((after === undefined) === (since === undefined))
      throw invalidParameter('after', 'replay target: must have one of after and since');
    if (since !== undefined) {
      const time = parseRfc3339(since);
      if (time === null) throw invalidParameter('since', 'replay target: since: must be a time of RFC 3339');
      if (time.ms > clock.now())
        throw invalidParameter('since', `replay target: since: ${since}: must not be in the future`);
      return { epoch, sequence: Math.max(floor, await ledger.seek(time.ms)) };
    }
    const position = parsePosition(after ?? '');
    if (position === null)
      throw invalidParameter('after', 'replay target: after: must be a position, <epoch>-<sequence>');
    if (position.epoch === epoch && position.sequence >= floor && position.sequence <= head) return position;
    const range = `${formatPosition(epoch, floor)} to ${formatPosition(epoch, head)}`;
    throw new ManifeedError('POSITION_GONE', `replay target: after ${after}: must be ${range}`);
  }

  /** The gateway that serves the target asks the same again (`course/move.ts`): it may have gone on, or back. */
  async #assertBack(name: string, { after }: ReplayStart, to: Position): Promise<void> {
    const { targets } = this.#parts;
    const near = targets.all.get(name)?.runner?.cursor();
    const at = near ?? (await targets.rows()).get(name)?.cursor;
    if (at === undefined || movedTo(at, to, 'replay') !== null) return;
    const parameter = after === undefined ? 'since' : 'after';
    const where = `at ${formatPosition(at.epoch, at.low)}, before that, and sends what follows by itself`;
    const rule = 'must be no later than the target; to give up what waits, use skip';
    throw invalidParameter(
      parameter,
      `replay target: ${name}: ${parameter}: the target is ${where}: ${rule}`,
    );
  }

  /** @throws PARAMETER_INVALID (`reference`) */
  async #changeOf(name: string, isNeeded: boolean, reference: string | null): Promise<WireChange> {
    const { clock, defaultRegistry, hub, ledger } = this.#parts;
    const { epoch, sequence } = hub.head;
    const common = { epoch, sequence, type: 'tag.updated', previousDigest: null, origin: 'test' } as const;
    const now = clock.now();
    if (reference === null) {
      if (isNeeded) {
        const rule = 'must be given, because the tool acts on it';
        throw invalidParameter('reference', `test target: ${name}: reference: missing: ${rule}`);
      }
      const invented = { ...sample, digest: null, mediaType: null, size: null };
      const change = { ...common, ...invented, occurredAt: now, recordedAt: now };
      return { ...parseWireChange(changeToJson(change)), digest: sampleDigest };
    }
    const parsed = parseReference(reference, { defaultRegistry, parameter: 'reference' });
    const tag = parsed.tag ?? 'latest';
    const { registry, repository } = parsed;
    const [known] = await ledger.states([{ registry, repository, tag }]);
    if (known === null || known === undefined || !known.present) {
      const rule = 'must be a tag that the index knows';
      throw invalidParameter('reference', `test target: ${registry}/${repository}:${tag}: ${rule}`);
    }
    const { digest, mediaType, size, updatedAt } = known;
    const change = { ...common, registry, repository, tag, digest: null, mediaType, size };
    const json = changeToJson({ ...change, occurredAt: updatedAt, recordedAt: now });
    return { ...parseWireChange(json), digest };
  }
}
