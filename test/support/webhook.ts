/** Webhook deliveries for tests: fixtures, hooks, signing, and a server with only the routes. */
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fastifyCors from '@fastify/cors';
import fastify, { type FastifyInstance } from 'fastify';
import { ManifeedError } from '../../src/errors.ts';
import type { Observation, TagObserved } from '../../src/event/observation.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { noLog } from '../../src/lib/log.ts';
import { noMetrics } from '../../src/lib/metrics.ts';
import type { DeliveryStore } from '../../src/source/webhook/intake.ts';
import type { HookOptions } from '../../src/source/webhook/kind.ts';
import { DeliveryLog } from '../../src/source/webhook/log/deliveries.ts';
import { type WebhookRouteOptions, webhookRoutes } from '../../src/source/webhook/route.ts';

const root = new URL('../fixtures/webhooks/', import.meta.url);
export const secret = 'fixture-webhook-secret';

export interface Fixture {
  /** `<kind>/<case>` */
  readonly name: string;
  readonly kind: string;
  readonly body: Buffer;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
}

export function readFixtureText(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

export function readFixture(name: string): Fixture {
  const given: Record<string, string> = JSON.parse(readFixtureText(`${name}.headers.json`));
  const headers = Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]));
  // The library's injector frames the body itself.
  delete headers.connection;
  return {
    name,
    kind: name.split('/')[0] ?? '',
    body: readFileSync(new URL(`${name}.json`, root)),
    headers,
  };
}

export function allFixtures(): Fixture[] {
  const cases: string[] = [];
  for (const folder of readdirSync(root, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    for (const file of readdirSync(new URL(`${folder.name}/`, root))) {
      const match = /^(.*)\.headers\.json$/.exec(file);
      if (match !== null) cases.push(`${folder.name}/${match[1]}`);
    }
  }
  return cases.sort().map(readFixture);
}

/** The hook that verifies a kind's fixtures. It is named after the kind. */
export function hookFor(kind: string): HookOptions {
  const base = { name: kind, kind };
  switch (kind) {
    case 'ghcr':
    case 'gitea':
    case 'forgejo':
    case 'jfrog':
      return { ...base, secret };
    case 'nexus':
      return { ...base, secret, registry: 'nexus.example.test:8082' };
    case 'zot':
      return { ...base, username: 'zot', password: secret, registry: 'zot.example.test' };
    case 'aliyun-acr':
      return { ...base, pathToken: secret, registry: 'registry.cn-hangzhou.aliyuncs.com' };
    case 'docker-hub':
    case 'quay':
      return { ...base, pathToken: secret };
    case 'ecr':
      return {
        ...base,
        token: secret,
        tokenHeader: 'x-api-key',
      };
    case 'gar':
      return {
        ...base,
        audience: 'https://gateway.example.test/hooks/gar',
        email: 'pubsub-push@acme-prod.iam.gserviceaccount.com',
        jwks: new URL('gar/oidc-test-jwks.json', root).pathname,
      };
    default:
      return { ...base, token: secret };
  }
}

/** The hook that verifies this fixture. SNS signs, and differs from the kind's other senders. */
export function hookOf(fixture: Fixture): HookOptions {
  const isSigned =
    fixture.headers['x-amz-sns-message-type'] !== undefined &&
    fixture.headers['x-amz-sns-rawdelivery'] !== 'true';
  return isSigned ? snsHook : hookFor(fixture.kind);
}

export const snsHook: HookOptions = {
  name: 'ecr',
  kind: 'ecr',
  topics: ['arn:aws:sns:eu-west-1:111122223333:ecr-events'],
  certificates: readFixtureText('ecr/sns-test-cert.pem'),
};

/** The URL to which a fixture of the hook is posted. */
export function urlOf(hook: HookOptions): string {
  return `/v1/hooks/${hook.name}${hook.pathToken === undefined ? '' : `/${hook.pathToken}`}`;
}

/** The headers of a fixture, with a new HMAC for the kinds that sign. */
export function resign(kind: string, headers: Record<string, string>, body: Buffer): Record<string, string> {
  const hmac = (algorithm: string) => createHmac(algorithm, secret).update(body).digest('hex');
  switch (kind) {
    case 'ghcr':
      return { ...headers, 'x-hub-signature-256': `sha256=${hmac('sha256')}` };
    case 'gitea':
      return { ...headers, 'x-gitea-signature': hmac('sha256') };
    case 'forgejo':
      return { ...headers, 'x-forgejo-signature': hmac('sha256') };
    case 'jfrog':
      return { ...headers, 'x-jfrog-event-auth': hmac('sha256') };
    case 'nexus':
      return { ...headers, 'x-nexus-webhook-signature': hmac('sha1') };
    default:
      return headers;
  }
}

export const noon = Date.parse('2026-11-23T22:00:00.000Z');

export const standingClock: Clock = {
  now: () => noon,
  monotonic: () => 0,
  after: () => () => {},
  sleep: () => new Promise(() => {}),
};

export interface Batch {
  readonly observations: readonly Observation[];
  readonly incomplete: readonly TagObserved[];
}

/** A store that treats tags without a digest like all others. */
export function storing(record: DeliveryStore['record']): DeliveryStore {
  return { record, defer: record };
}

export interface TestServer {
  readonly app: FastifyInstance;
  readonly batches: Batch[];
  /** `registry/repository` of each call. */
  readonly confirmed: string[];
  /** Unexpected errors: each caused a 500. */
  readonly broken: unknown[];
}

/** The routes, with an error handler like the http layer's. Close `app` afterwards. */
export async function makeTestServer(
  hooks: readonly HookOptions[],
  overrides: Partial<WebhookRouteOptions> = {},
): Promise<TestServer> {
  const app = fastify();
  await app.register(fastifyCors, { origin: [] });
  const batches: Batch[] = [];
  const confirmed: string[] = [];
  const broken: unknown[] = [];
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof ManifeedError)) {
      broken.push(error);
      return reply.code(500).send({ errors: [{ code: 'INTERNAL' }] });
    }
    if (error.retryable) void reply.header('retry-after', '1');
    return reply.code(error.status).send(error.toBody());
  });
  await webhookRoutes(app, {
    hooks,
    ledger: {
      async record(observations) {
        batches.push({ observations, incomplete: [] });
        return { outcomes: observations.map(() => 'changed') };
      },
      async defer(incomplete) {
        batches.push({ observations: [], incomplete });
      },
    },
    completion: { wake() {} },
    countOutcomes() {},
    confirm: (registry, repository) => confirmed.push(`${registry}/${repository}`),
    fetchText: () => Promise.reject(new Error('offline')),
    deliveries: new DeliveryLog(hooks, standingClock),
    clock: standingClock,
    metrics: noMetrics,
    log: noLog,
    ...overrides,
  });
  return { app, batches, confirmed, broken };
}
