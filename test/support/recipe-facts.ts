/** What the tools of the recipes must be asked, as their documentation and sources say. */
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect } from 'vitest';
import type { SinkReply, SinkRequest } from './sink-server.ts';
import { recipeEnvironment } from './target-recipes.ts';

export interface RecipeFact {
  /** Heading of the recipe. */
  readonly title: string;
  /** The image that moves. */
  readonly reference: string;
  /** What the tool answers to success. Default: 200 without a body. */
  readonly reply?: (request: SinkRequest) => SinkReply;
  /** Method, path and query of each request. */
  readonly gets: readonly unknown[];
  /** Of the last request. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Of the last request, read as JSON or as a form. */
  readonly body?: unknown;
  /** What else must be so of the last request. */
  readonly holds?: (request: SinkRequest) => void;
}

const env = (name: string) => recipeEnvironment[name] ?? '';
const bearer = (name: string) => `Bearer ${env(name)}`;
const basic = (user: string, name: string) =>
  `Basic ${Buffer.from(`${user}:${env(name)}`).toString('base64')}`;

const nginx = 'nginx:1.27';
const app = 'ghcr.io/team/app:1.27';
const team = 'registry.example.com/team/app:1.0';
const sha256 = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const delivered = /[0-9a-z]+-1$/;
/** Title and message of the creation of a tag. */
const title = 'nginx: 1.27 created';
const line = /^docker\.io\/library\/nginx:1\.27 created: sha256:[0-9a-f]{12}$/;
const titleAndLine = expect.stringMatching(new RegExp(`^${title}\n${line.source.slice(1)}`));
const changeOf = (more: object) => expect.objectContaining({ type: 'tag.created', ...more });
const nginxChange = changeOf({ registry: 'docker.io', repository: 'library/nginx', tag: '1.27' });

const hubSpellings = ['', 'docker.io/', 'index.docker.io/'].flatMap((host) => [
  `${host}nginx`,
  `${host}library/nginx`,
]);

const container = {
  id: 'c1',
  image: {
    registry: { url: 'https://registry-1.docker.io/v2' },
    name: 'library/nginx',
    tag: { value: '1.27', semver: true },
  },
};

/** In the order of the document. */
export const recipeFacts: readonly RecipeFact[] = [
  {
    title: 'webhook',
    reference: team,
    gets: ['POST /hooks/images'],
    headers: { 'content-type': 'application/json', 'webhook-id': expect.stringMatching(delivered) },
    body: {
      type: 'tag.created',
      timestamp: expect.any(String),
      data: changeOf({ repository: 'team/app', tag: '1.0' }),
    },
    holds: ({ body, headers }) => {
      const signed = Object.entries(headers).map(([name, value]) => [name, String(value)]);
      new Webhook(env('WEBHOOK_SECRET')).verify(body, Object.fromEntries(signed));
    },
  },
  {
    title: 'cloudevents',
    reference: team,
    gets: ['OPTIONS /images', 'POST /images'],
    headers: {
      'content-type': expect.stringMatching(/^application\/cloudevents\+json/),
      authorization: bearer('BROKER_TOKEN'),
    },
    body: expect.objectContaining({
      ...{ specversion: '1.0', id: expect.stringMatching(delivered), type: 'io.manifeed.tag.created' },
      ...{ source: '//registry.example.com/team/app', subject: '1.0' },
    }),
  },
  {
    title: 'Watchtower',
    reference: nginx,
    reply: () => ({ status: 202 }),
    gets: [`POST /v1/update?image=${encodeURIComponent(hubSpellings.join(','))}&async=true`],
    headers: { authorization: bearer('WATCHTOWER_TOKEN') },
  },
  {
    title: 'Flux',
    reference: app,
    gets: [`POST /hook/${env('FLUX_HOOK')}`],
    headers: { 'content-type': 'application/json' },
    body: { change: changeOf({ repository: 'team/app' }), changes: [changeOf({ repository: 'team/app' })] },
    holds: ({ body, headers }) => {
      const hmac = createHmac('sha256', env('FLUX_SECRET')).update(body).digest('hex');
      expect(headers['x-signature']).toBe(`sha256=${hmac}`);
    },
  },
  {
    title: 'Argo CD Image Updater',
    reference: nginx,
    gets: ['POST /webhook?type=cloudevents'],
    headers: {
      'content-type': 'application/cloudevents+json',
      'x-webhook-secret': env('ARGOCD_SECRET'),
    },
    body: expect.objectContaining({
      ...{ specversion: '1.0', type: expect.stringMatching(/image|container/) },
      data: { registry: 'docker.io', repository: 'nginx', tag: '1.27', digest: sha256 },
    }),
  },
  {
    title: 'Keel',
    reference: app,
    gets: ['POST /v1/webhooks/native'],
    headers: { authorization: basic('manifeed', 'KEEL_PASSWORD') },
    body: { name: 'ghcr.io/team/app', tag: '1.27', digest: sha256 },
  },
  {
    title: "What's Up Docker",
    reference: 'nginx:1.28',
    reply: ({ target }) => {
      if (target === '/api/containers') return { body: JSON.stringify([container]) };
      return { body: target === '/api/triggers' ? '[]' : JSON.stringify(container) };
    },
    gets: ['GET /api/containers', 'GET /api/triggers', 'POST /api/containers/c1/watch'],
    headers: { authorization: basic('manifeed', 'WUD_PASSWORD') },
  },
  {
    title: 'Mend Renovate CE',
    reference: nginx,
    reply: () => ({ status: 201 }),
    gets: ['POST /api/v1/repos/org/infra/-/jobs/run', 'POST /api/v1/repos/org/web/-/jobs/run'],
    headers: { authorization: bearer('RENOVATE_SECRET') },
  },
  {
    title: 'GitHub Actions',
    reference: nginx,
    reply: () => ({ status: 204 }),
    gets: ['POST /repos/acme/deploy/dispatches'],
    headers: {
      ...{ authorization: bearer('GITHUB_TOKEN'), accept: 'application/vnd.github+json' },
      ...{ 'user-agent': expect.any(String), 'x-github-api-version': expect.any(String) },
    },
    body: {
      event_type: 'manifeed',
      client_payload: { change: nginxChange, changes: [nginxChange], test: false },
    },
  },
  {
    title: 'GitLab CI',
    reference: nginx,
    reply: () => ({ status: 201 }),
    gets: ['POST /api/v4/projects/group%2Fdeploy/trigger/pipeline'],
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: expect.objectContaining({
      ...{ token: env('GITLAB_TRIGGER_TOKEN'), ref: 'main' },
      ...{
        'variables[MANIFEED_CHANGE_REPOSITORY]': 'library/nginx',
        'variables[MANIFEED_CHANGE_TAG]': '1.27',
      },
    }),
  },
  {
    title: 'Kargo',
    reference: nginx,
    reply: () => ({ body: '{"results":[]}' }),
    gets: [`POST /webhook/generic/${env('KARGO_HOOK')}`],
    headers: { 'content-type': 'application/json' },
    body: { registry: 'docker.io', repository: 'library/nginx' },
  },
  { title: 'Cup', reference: nginx, reply: () => ({ body: 'OK' }), gets: ['GET /api/v3/refresh'] },
  {
    title: 'ntfy',
    reference: nginx,
    gets: ['POST /'],
    headers: { authorization: bearer('NTFY_TOKEN') },
    body: { topic: 'images', title, message: expect.stringMatching(line), tags: ['package'] },
  },
  {
    title: 'Slack',
    reference: nginx,
    reply: () => ({ body: 'ok' }),
    gets: [`POST /services/${env('SLACK_HOOK')}`],
    headers: { 'content-type': 'application/json' },
    body: { text: titleAndLine, mrkdwn: false, unfurl_links: false },
  },
  {
    title: 'Discord',
    reference: nginx,
    reply: () => ({ status: 204 }),
    gets: [`POST /api/webhooks/${env('DISCORD_HOOK')}`],
    headers: { 'content-type': 'application/json' },
    body: { content: title, allowed_mentions: { parse: [] } },
  },
  {
    title: 'Matrix',
    reference: nginx,
    reply: () => ({ body: '{"event_id":"$1"}' }),
    gets: [
      expect.stringMatching(
        /^PUT \/_matrix\/client\/v3\/rooms\/%21abc%3Aexample\.com\/send\/m\.room\.message\/[0-9a-z]+-1$/,
      ),
    ],
    headers: { authorization: bearer('MATRIX_TOKEN') },
    body: { msgtype: 'm.notice', body: titleAndLine },
  },
  {
    title: 'Mattermost',
    reference: nginx,
    reply: () => ({ body: 'ok' }),
    gets: [`POST /hooks/${env('MATTERMOST_HOOK')}`],
    headers: { 'content-type': 'application/json' },
    body: { text: titleAndLine },
  },
  {
    title: 'Home Assistant',
    reference: nginx,
    reply: () => ({ body: '{"message":"Event manifeed_change fired."}' }),
    gets: ['POST /api/events/manifeed_change'],
    headers: { authorization: bearer('HOME_ASSISTANT_TOKEN') },
    body: { title, image: 'nginx', tag: '1.27', digest: sha256, type: 'tag.created' },
  },
  {
    title: 'Apprise',
    reference: nginx,
    gets: [`POST /notify/${env('APPRISE_KEY')}`],
    headers: { 'content-type': 'application/json' },
    body: { title, body: expect.stringMatching(line), type: 'info', format: 'text', tag: 'images' },
  },
];
