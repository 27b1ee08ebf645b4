import {
  boolean,
  line,
  list,
  nullable,
  number,
  object,
  type Read,
  record,
  string,
  text,
} from '../lib/read.ts';

const ledger = object({
  kind: string,
  floor: nullable(string),
  head: nullable(string),
  oldest: nullable(string),
  newest: nullable(string),
  bytes: nullable(number),
  freeBytes: nullable(number),
  storing: boolean,
  why: nullable(string),
});

const warning = object({
  severity: string,
  code: string,
  about: nullable(string),
  /** It may quote a registry, a sender or a tool. */
  cause: line(2_000),
  remedy: string,
  setting: nullable(string),
  docs: string,
});

/** Why something failed or was refused: it may quote a registry, a sender or a tool. */
const reason = line(1_000);

const registry = object({
  registry: string,
  state: string,
  leftAloneUntil: nullable(string),
  repositories: number,
  lastFailure: nullable(object({ at: string, repository: string, reason })),
});

const hook = object({
  name: string,
  kind: string,
  counts: object({ accepted: number, refused: number, unverified: number }),
  lastDelivery: nullable(string),
  lastRefusal: nullable(object({ at: string, code: string, reason })),
});

const target = object({
  name: text(200),
  kind: text(200),
  state: text(200),
  waitingSince: nullable(text(200)),
  late: boolean,
  lastFailure: nullable(object({ at: text(200), why: reason })),
});

/** `GET /v1/status` (PROTOCOL.md, section 12), as much of it as the page shows. */
export const readStatus = object({
  gateway: string,
  version: string,
  now: string,
  startedAt: string,
  draining: boolean,
  warnings: list(warning),
  ledger,
  subscribers: object({
    total: number,
    limit: number,
    byTransport: record(number),
    behind: number,
    lag: number,
    heldUntil: nullable(string),
  }),
  pace: object({
    deliveriesPerSecond: number,
    configuredDeliveriesPerSecond: number,
    heldDeliveries: number,
    overrides: number,
  }),
  registries: list(registry),
  moreRegistries: number,
  hooks: list(hook),
  moreHooks: number,
  /** Null: the ledger cannot be asked now. */
  targets: nullable(list(target)),
  moreTargets: number,
  descriptors: object({ used: nullable(number), limit: nullable(number) }),
});

export type Status = Read<typeof readStatus>;
export type StatusWarning = Read<typeof warning>;
export type RegistryStatus = Read<typeof registry>;
export type HookStatus = Read<typeof hook>;
export type TargetStatus = Read<typeof target>;

const absences: readonly string[] = ['registry-unreadable', 'registry-lacks-watched'];

/** The warning that a registry answers, but not with all that is watched there. Null: it does. */
export function absenceAt(registry: string, warnings: readonly StatusWarning[]): StatusWarning | null {
  return warnings.find(({ code, about }) => absences.includes(code) && about === registry) ?? null;
}
