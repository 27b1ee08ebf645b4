/** What the gateway says of itself: `GET /v1/status`, which is for administrators (PROTOCOL.md, section 12). */
import { z } from 'zod';
import { FeedError } from '../../../../client/src/index.ts';
import { type Finding, failed, fine, skipped, warning } from '../finding.ts';
import type { Means } from '../means.ts';
import { sizeText } from '../size-text.ts';
import { Tap } from '../tap.ts';
import { frontTrouble } from '../trouble.ts';
import { judgeClock } from './clock.ts';
import { answerOrError, question } from './question.ts';

const statusSchema = z.object({
  version: z.string(),
  now: z.iso.datetime(),
  warnings: z.array(
    z.object({
      severity: z.string(),
      code: z.string(),
      about: z.string().nullable(),
      cause: z.string(),
      remedy: z.string(),
      docs: z.string(),
    }),
  ),
  ledger: z.object({ kind: z.string(), storing: z.boolean(), freeBytes: z.number().nullable() }),
  subscribers: z.object({ total: z.number(), limit: z.number() }),
  registries: z.array(z.object({ registry: z.string() })),
  moreRegistries: z.number(),
  hooks: z.array(z.object({ name: z.string() })),
  moreHooks: z.number(),
  // A gateway from before there were targets has none.
  targets: z
    .array(z.object({ name: z.string() }))
    .nullable()
    .default([]),
  moreTargets: z.number().default(0),
  descriptors: z.object({ used: z.number().nullable(), limit: z.number().nullable() }),
});

/** Of the status, what is judged here. */
export type Status = z.infer<typeof statusSchema>;

/** Each subscriber needs an open file: with fewer a gateway serves only a few, and 1,024 is many systems' default. */
const leastDescriptors = 4_096;

/** @returns the status, null if there is none to be had, and what was found */
export async function examineStatus(
  means: Means,
): Promise<{ readonly status: Status | null; readonly findings: readonly Finding[] }> {
  const tap = new Tap(means);
  const { connection, clock } = means;
  const asking = { connection, clock, fetch: tap.fetch };
  const answer = await answerOrError(question(asking, '/v1/status', { token: connection.token }));
  if (answer instanceof FeedError) return { status: null, findings: [untold(answer)] };
  const { data, success } = statusSchema.safeParse(answer);
  if (!success) return { status: null, findings: [untold(null)] };
  const { head } = tap;
  const told = { toldMs: Date.parse(data.now), precisionMs: 1 };
  const clocks = head === null ? [] : [judgeClock({ ...head, ...told }, 'gateway')];
  return { status: data, findings: [...clocks, ...judgeStatus(data)] };
}

const unseen = 'ledger, disk, descriptors, subscribers, registries, hooks and targets were not looked at';

function untold(error: FeedError | null): Finding {
  if (error?.code === 'DENIED') {
    const remedy = 'Use a token with admin (manifeed token --admin makes one)';
    return skipped('status', `${unseen}: the token is not an administrator's`, remedy);
  }
  const front = error === null ? null : frontTrouble(error);
  if (front !== null) {
    const { text, remedy, ...more } = front;
    return skipped('status', `${unseen}: ${text}`, remedy, more);
  }
  const remedy = 'Use manifeed of the version that the gateway has';
  return skipped('status', `${unseen}: ${error?.message ?? '/v1/status answers in another form'}`, remedy);
}

/** What the warnings of the gateway are about, by how their codes begin; all others are about the gateway. */
const checks: readonly (readonly [RegExp, string])[] = [
  [/^ledger-space/, 'disk'],
  [/^ledger/, 'ledger'],
  [/^clock/, 'clock'],
  [/^subscribers/, 'subscribers'],
  [/^descriptors/, 'descriptors'],
  [/^registry/, 'registries'],
  [/^hook/, 'hooks'],
  [/^target/, 'targets'],
];

/** Its own warnings, what else is to be said, and what is well. Pure. */
export function judgeStatus(status: Status): readonly Finding[] {
  const found = [...status.warnings.map(findingOf), ...othersOf(status)];
  const well = wellOf(status).filter(({ check }) => !found.some((each) => each.check === check));
  return [...well, ...found];
}

function findingOf({ severity, code, about, cause, remedy, docs }: Status['warnings'][number]): Finding {
  const [, check = 'gateway'] = checks.find(([codes]) => codes.test(code)) ?? [];
  const make = severity === 'critical' ? failed : warning;
  return make(check, sentence(cause), sentence(remedy), { about, docs });
}

/** Findings have no full stop. */
function sentence(text: string): string {
  return text.replace(/\.$/, '');
}

function othersOf({ ledger, descriptors: { limit } }: Status): readonly Finding[] {
  return [
    ...(ledger.kind === 'memory'
      ? [
          warning(
            'ledger',
            'it is in memory: after a restart all subscribers are reset',
            'Set ledger to sqlite:PATH or to a Redis, unless this is a trial',
            { docs: 'docs/operating.md#files' },
          ),
        ]
      : []),
    ...(limit !== null && limit < leastDescriptors
      ? [
          warning(
            'descriptors',
            `the gateway may open only ${limit} files, and each subscriber needs one`,
            'Raise the limit of its process (LimitNOFILE in systemd, ulimits.nofile in Compose)',
            { docs: 'docs/operating.md#open-files' },
          ),
        ]
      : []),
  ];
}

function wellOf(status: Status): readonly Finding[] {
  const { ledger, subscribers, descriptors, registries, moreRegistries, hooks, moreHooks } = status;
  const { targets, moreTargets } = status;
  const { used, limit } = descriptors;
  const free = ledger.freeBytes;
  return [
    ...(ledger.storing ? [fine('ledger', `${ledger.kind}, and it stores`)] : []),
    ...(free === null ? [] : [fine('disk', `the ledger may grow by ${sizeText(free)}`)]),
    ...(used === null || limit === null ? [] : [fine('descriptors', `${used} of ${limit} are in use`)]),
    fine('subscribers', `${subscribers.total} of ${subscribers.limit} are connected`),
    fine('registries', registriesText(registries.length + moreRegistries)),
    fine('hooks', `${hooks.length + moreHooks}, and none is refused or silent`),
    ...(targets === null ? [] : [fine('targets', targetsText(targets.length + moreTargets))]),
  ];
}

function registriesText(count: number): string {
  if (count === 0) return 'none is polled';
  return count === 1
    ? '1 is polled, and it is not in trouble'
    : `${count} are polled, and none is in trouble`;
}

function targetsText(count: number): string {
  if (count === 0) return 'none is configured';
  return count === 1 ? '1, and it keeps up' : `${count}, and all keep up`;
}
