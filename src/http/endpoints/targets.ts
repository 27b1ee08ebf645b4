import { z } from 'zod';
import { parseBody } from '../body.ts';
import type { Endpoint } from '../endpoint.ts';

/** What operators can do with targets; `TargetControl` fits. */
export interface TargetDesk {
  list(): Promise<readonly object[]>;
  /** Each throws NOT_FOUND if no target has the name, and UNAVAILABLE without the ledger. */
  pause(name: string): Promise<object>;
  resume(name: string): Promise<object>;
  skip(name: string): Promise<object>;
  /** @throws PARAMETER_INVALID, POSITION_GONE */
  replay(name: string, start: { after?: string | undefined; since?: string | undefined }): Promise<object>;
  /** @param reference null: none @param isDry sends nothing @throws PARAMETER_INVALID, TOO_MANY_REQUESTS */
  test(name: string, reference: string | null, isDry: boolean): Promise<object>;
}

const target = z.looseObject({
  name: z.string(),
  kind: z.string(),
  needsReference: z.boolean().describe('Whether a test needs a `reference`'),
  url: z.string().nullable().describe('Origin of its URL'),
  state: z
    .string()
    .describe(
      'delivering; retrying; holding: changes wait for coalesce, minAge or the ledger; idle: none waits; paused; disabled; elsewhere: another gateway serves it; unserved',
    ),
  disabled: z.string().nullable().describe('Why it is disabled'),
  retryAt: z.string().nullable(),
  position: z.string().nullable().describe('Everything at or before it is done'),
  lag: z.number().describe('Positions between that and the newest change'),
  waiting: z.number().nullable(),
  waitingSince: z.string().nullable().describe('When the oldest change that waits was due'),
  late: z.boolean().describe('Whether that was more than 15 minutes ago'),
  holder: z.string().nullable().describe('The gateway that serves it'),
  lastSuccess: z.string().nullable(),
  lastFailure: z.looseObject({ at: z.string(), result: z.string(), why: z.string() }).nullable(),
  counts: z.record(z.string(), z.number()).nullable().describe('Since the gateway that answers serves it'),
});

const testBody = z
  .strictObject({
    reference: z.string().max(1_000).optional().describe('A tag that the index knows, as `nginx:1.27`'),
    dryRun: z.boolean().optional().describe('Send nothing; answer what would be sent'),
  })
  .prefault({});

const replayBody = z.strictObject({
  after: z.string().max(100).optional().describe('A position: what follows it is sent again'),
  since: z.string().max(100).optional().describe('A time (RFC 3339): what was recorded from then on'),
});

const test = z.looseObject({
  request: z.string().describe('What was sent, with secrets masked'),
  verdict: z
    .looseObject({ kind: z.string(), why: z.string().optional() })
    .nullable()
    .describe('What the tool made of it; null: a dry run'),
});

type Shared = Pick<Endpoint, 'method' | 'tag' | 'mayCall' | 'params'>;

const action: Shared = {
  ...{ method: 'post', tag: 'operation', mayCall: 'admin' },
  params: z.object({ name: z.string().describe('Name of the target') }),
};
const plainErrors = ['NOT_FOUND', 'UNAVAILABLE'] as const;

/** `GET /v1/targets`, and what operators can do with one. @param gateway name of the one that answers */
export function targets(desk: TargetDesk, gateway: string): readonly Endpoint[] {
  const plain = (name: 'pause' | 'resume' | 'skip', summary: string): Endpoint => ({
    ...{ ...action, summary, path: `/v1/targets/{name}/${name}`, errors: plainErrors },
    responses: { 200: { description: 'The target from now on', schema: target } },
    handle: async ({ params }, reply) =>
      reply.header('cache-control', 'no-store').send(await desk[name](nameOf(params))),
  });
  return [
    {
      ...{ method: 'get', path: '/v1/targets', summary: 'State of each target', tag: 'operation' },
      mayCall: 'admin',
      responses: {
        200: {
          description: 'In the order of the configuration',
          schema: z.looseObject({ targets: z.array(target), gateway: z.string() }),
        },
      },
      errors: ['UNAVAILABLE'],
      handle: async (_request, reply) =>
        reply.header('cache-control', 'no-store').send({ targets: await desk.list(), gateway }),
    },
    plain('pause', 'Send nothing to a target until it is resumed'),
    plain('resume', 'Go on with a target that is paused or disabled'),
    plain('skip', 'Give up what waits, and go on at the head'),
    {
      ...{ ...action, path: '/v1/targets/{name}/replay', summary: 'Send changes again' },
      body: { schema: replayBody },
      responses: { 200: { description: 'The target from now on', schema: target } },
      errors: [...plainErrors, 'PARAMETER_INVALID', 'POSITION_GONE'],
      async handle({ params, body }, reply) {
        const start = parseBody(replayBody, body ?? {}, 'replay target');
        return reply.header('cache-control', 'no-store').send(await desk.replay(nameOf(params), start));
      },
    },
    {
      ...{ ...action, path: '/v1/targets/{name}/test', summary: 'Send one marked test' },
      body: { schema: testBody },
      responses: { 200: { description: 'What was sent, and what came back', schema: test } },
      errors: [...plainErrors, 'PARAMETER_INVALID', 'TOO_MANY_REQUESTS'],
      async handle({ params, body }, reply) {
        const { reference = null, dryRun = false } = parseBody(testBody, body ?? {}, 'test target');
        return reply
          .header('cache-control', 'no-store')
          .send(await desk.test(nameOf(params), reference, dryRun));
      },
    },
  ];
}

const named = z.object({ name: z.string() });

function nameOf(params: unknown): string {
  return named.parse(params).name;
}
