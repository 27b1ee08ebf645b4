import { z } from 'zod';
import type { Endpoint } from '../endpoint.ts';
import { hookSummary } from './get-hooks.ts';

const time = z.string().nullable();

const statusSchema = z.looseObject({
  gateway: z.string().describe('Name of the gateway that answers'),
  version: z.string(),
  now: z.string(),
  startedAt: z.string(),
  uptimeSeconds: z.number(),
  draining: z.boolean(),
  warnings: z
    .array(
      z.looseObject({
        severity: z.enum(['critical', 'warning', 'info']),
        code: z.string(),
        about: z.string().nullable().describe('The registry, hook or target; null: the gateway'),
        cause: z.string(),
        remedy: z.string(),
        setting: z.string().nullable().describe('The setting to change'),
        docs: z.string().describe('File and heading of the documentation'),
      }),
    )
    .describe('The worst first; at most 100'),
  ledger: z.looseObject({
    kind: z.string(),
    floor: z.string().nullable(),
    head: z.string().nullable(),
    oldest: time,
    newest: time,
    bytes: z.number().nullable(),
    freeBytes: z.number().nullable(),
    storing: z.boolean(),
    why: z.string().nullable().describe('Why nothing is stored'),
    damage: z.string().nullable(),
    risk: z
      .looseObject({ cause: z.string(), remedy: z.string() })
      .nullable()
      .describe('How acknowledged changes may be lost, and what to set'),
    clockBehindMs: z.number(),
  }),
  subscribers: z.looseObject({
    total: z.number().describe('Without targets'),
    limit: z.number(),
    byTransport: z.record(z.string(), z.number()),
    behind: z.number(),
    lag: z.number().describe('Positions that the slowest is behind the newest change'),
    heldUntil: time,
  }),
  pace: z.looseObject({
    deliveriesPerSecond: z.number(),
    configuredDeliveriesPerSecond: z.number(),
    heldDeliveries: z.number(),
    windowMs: z.number(),
    waitingReplays: z.number(),
    overrides: z.number(),
  }),
  registries: z.array(
    z.looseObject({
      registry: z.string(),
      state: z.enum(['ok', 'throttled', 'failing', 'left-alone', 'probing']),
      leftAloneUntil: time,
      repositories: z.number(),
      absent: z
        .looseObject({ count: z.number(), repository: z.string() })
        .nullable()
        .describe('Configured repositories that the registry does not have'),
      unreadable: z
        .looseObject({ count: z.number(), repository: z.string(), reason: z.string(), error: z.string() })
        .nullable()
        .describe('Repositories that it answers for, but not so that they can be read'),
      lastFailure: z.looseObject({ at: z.string(), repository: z.string(), reason: z.string() }).nullable(),
    }),
  ),
  moreRegistries: z.number(),
  hooks: z.array(z.looseObject(hookSummary)),
  moreHooks: z.number(),
  targets: z
    .array(
      z.looseObject({
        name: z.string(),
        kind: z.string(),
        state: z.string(),
        disabled: z.string().nullable().describe('Why it is disabled'),
        waitingSince: time.describe('When the oldest change that waits was due'),
        late: z.boolean().describe('Whether that was more than 15 minutes ago'),
        lastFailure: z.looseObject({ at: z.string(), result: z.string(), why: z.string() }).nullable(),
      }),
    )
    .nullable()
    .describe('Null: the ledger cannot be asked now'),
  moreTargets: z.number(),
  descriptors: z.looseObject({ used: z.number().nullable(), limit: z.number().nullable() }),
});

/** `GET /v1/status`: the state of this gateway in one small answer. */
export function getStatus(status: { describe(): Promise<object> }): Endpoint {
  return {
    method: 'get',
    path: '/v1/status',
    summary: 'State of this gateway, and what an operator should know',
    tag: 'operation',
    mayCall: 'admin',
    responses: { 200: { description: 'The state; `warnings` are judged', schema: statusSchema } },
    async handle(_request, reply) {
      return reply.header('cache-control', 'no-store').send(await status.describe());
    },
  };
}
