// @needs chromium
/** Answers that no gateway should give: a screen says what is wrong, shows no markup, sticks out nowhere, goes on. */
import type { Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayProcess, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { axeFindings, patience, scrollsSideways, Visits } from './support/visits.ts';

let gateway: GatewayProcess;
let visits: Visits;
beforeAll(async () => {
  [visits, gateway] = await Promise.all([Visits.begin(), spawnGateway({ settings: {} })]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
});

const markup = '<img src=x onerror="globalThis.wasRun = true">';
/** Of one table. */
const maxRows = 500;
/** Nothing in it lets a line break. */
const unbroken = 'w'.repeat(60);

/** The answers that screens ask for, with this word wherever a gateway may put any. */
const answers = (word: string) => ({
  upstreams: { gateway: word, upstreams: [upstream(word)] },
  hooks: {
    hooks: [
      {
        ...{ name: word, kind: word, url: word, registry: word, lastDelivery: null, savedDelivery: null },
        counts: { accepted: 1e21, refused: -1, unverified: 0.5 },
        lastRefusal: { at: word, address: word, code: word, reason: word },
        deliveries: [delivery(word)],
        unverified: [delivery(word)],
      },
    ],
    next: word,
    unknownNames: { count: 1, last: { at: word, address: word } },
  },
  subscribers: {
    subscribers: [subscriber(word, 1)],
    next: word,
  },
  pace: {
    ...{
      deliveriesPerSecond: 1e15,
      configuredDeliveriesPerSecond: 0.5,
      heldDeliveries: 1e21,
      windowMs: 1e15,
    },
    ...{ waitingReplays: 1, deliveries: 1, registries: { [word]: 1e21 }, gateway: word },
    overrides: [{ pattern: word, deliveriesPerSecond: 1e15, forMs: null }],
  },
  changes: {
    changes: [
      {
        ...{
          position: word,
          type: word,
          registry: word,
          repository: word,
          tag: word,
          digest: `${word}:${word}`,
        },
        ...{
          previousDigest: `${word}:${word}`,
          mediaType: word,
          size: 1,
          occurredAt: word,
          recordedAt: word,
        },
        ...{ origin: word, platforms: null },
      },
    ],
    ...{ next: null, floor: word },
  },
  tags: {
    tags: [
      {
        ...{
          registry: word,
          repository: word,
          tag: word,
          digest: `${word}:${word}`,
          mediaType: word,
          size: 1,
        },
        ...{ firstSeenAt: word, updatedAt: word },
      },
    ],
    next: word,
  },
  repositories: {
    repositories: [
      {
        ...{ registry: word, repository: word, tags: 1e21, polled: true, listed: { readAt: word } },
        lastChange: { recordedAt: word },
      },
    ],
    next: null,
  },
});

const upstream = (word: string) => ({
  ...{ registry: word, requestsPerSecond: 1e9, breaker: word, backoffMs: 0, total: 1 },
  ...{ due: -1, failing: 1e21 },
  repositories: [
    {
      ...{ repository: word, watched: true, scopes: [word, word], lastLook: word, nextLook: null },
      ...{ intervalMs: 1e15, failures: 7, lastError: word },
    },
  ],
});

const delivery = (word: string) => ({
  ...{ at: word, address: word, status: 1e21, result: word, code: word, reason: word, bytes: 1e21 },
});

const subscriber = (word: string, number: number) => ({
  ...{ number, transport: word, format: word, address: word, token: word, state: word, paced: false },
  ...{ conflate: true, connectedAt: word, position: word, lag: 1e21, heldUntil: word, blockedSince: word },
  ...{
    subscriptions: [{ id: word, repository: [word], tag: [word], type: [word], platform: [word], more: 1 }],
  },
  moreSubscriptions: 1,
});

type Question = keyof ReturnType<typeof answers>;
type Answer = Parameters<Route['fulfill']>[0];

/** Opens a screen of a gateway that answers one question so. */
async function opened(question: Question, answer: Answer, hash: string, page?: Page): Promise<Page> {
  const opening = page ?? (await visits.open(`${gateway.url}/ui/#/connect`, { size: 'small' }));
  await opening.route(`**/v1/${question}{,\\?*}`, (route) => route.fulfill(answer));
  await opening.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await opening.waitForSelector('main h1', patience);
  return opening;
}

/** The page still works: its keys lead on. */
async function goesOn(page: Page): Promise<void> {
  expect(await page.evaluate('globalThis.wasRun')).toBeUndefined();
  expect(await page.locator('main img').count()).toBe(0);
  expect(await scrollsSideways(page)).toBe(false);
  expect(await axeFindings(page)).toEqual([]);
  await page.evaluate('document.activeElement?.blur()');
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await page.waitForURL((url) => url.hash === '#/connect', patience);
}

const refusal = (status: number, code: string) => ({
  ...{ status, json: { errors: [{ code, message: `look: ${code} of a test`, detail: null }] } },
});

describe.each([
  ['#/registries', 'upstreams'],
  ['#/registries/ghcr.io', 'upstreams'],
  ['#/hooks', 'hooks'],
  ['#/hooks/ci', 'hooks'],
  ['#/subscribers', 'subscribers'],
  ['#/pace', 'pace'],
] as const)('%s', (hash, question) => {
  const member = question === 'pace' ? 'overrides' : question;
  it.each([
    ['null', { json: null }, 'must be an object'],
    ['of other types', { json: { ...answers('a')[question], [member]: 7 } }, `${member}: must be a list`],
    ['a list of null', { json: { ...answers('a')[question], [member]: [null] } }, `[0]: must be an object`],
    [
      'a page of a proxy',
      { status: 502, contentType: 'text/html', body: markup },
      '502 from something in front',
    ],
    ['no JSON', { body: 'ok' }, 'must be JSON'],
    ['a failure', refusal(500, 'INTERNAL'), 'INTERNAL of a test'],
    ['a refusal', refusal(403, 'DENIED'), 'Your token may not see this.'],
    ['endless', { body: `"${'x'.repeat(9_000_000)}"` }, 'must be shorter'],
  ] as const)('says in words what is wrong with an answer that is %s', async (_name, answer, words) => {
    visits.allow(/status of (?:403|500|502)/);
    const page = await opened(question, answer, hash);
    await page.getByRole('alert').filter({ hasText: words }).waitFor(patience);
    await goesOn(page);
  });

  it('shows nothing of an answer that comes when the screen is left', async () => {
    const page = await visits.open(`${gateway.url}/ui/#/connect`, { size: 'small' });
    let answer = () => {};
    const asked = new Promise<void>((tell) => {
      void page.route(`**/v1/${question}{,\\?*}`, async (route) => {
        tell();
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        // The page may have given it up.
        await route.fulfill({ json: answers(markup)[question] }).catch(() => {});
      });
    });
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await asked;
    await page.getByRole('status').filter({ hasText: 'Connecting' }).waitFor(patience);
    await page.evaluate(`location.hash = '#/connect'`);
    await page.getByRole('heading', { level: 1, name: 'Connect' }).waitFor(patience);
    answer();
    await goesOn(page);
  });
});

describe.each([
  ['markup', markup],
  ['a long word', unbroken],
])('%s in each name', (_name, word) => {
  const one = encodeURIComponent(word);
  it.each([
    ['Registries', '#/registries', 'upstreams'],
    ['a registry', `#/registries/${one}`, 'upstreams'],
    ['Hooks', '#/hooks', 'hooks'],
    ['a hook', `#/hooks/${one}`, 'hooks'],
    ['Subscribers', '#/subscribers', 'subscribers'],
    ['Pace', '#/pace', 'pace'],
    ['Changes', '#/changes', 'changes'],
    ['Older changes', `#/changes?before=${one}`, 'changes'],
    ['Repositories', '#/repositories', 'repositories'],
    ['a repository', `#/repository/${one}/${one}`, 'tags'],
  ] as const)('is text on %s, within a screen of 320 px', async (_screen, hash, question) => {
    // The gateway itself knows no repository of such a name.
    visits.allow(/status of 400 .*\/v1\/repositories\?prefix=/);
    const page = await opened(question, { json: answers(word)[question] }, hash);
    await page.locator('tbody tr', { hasText: word }).first().waitFor(patience);
    await goesOn(page);
  });
});

it('a refusal that quotes what does not show has it escaped', async () => {
  visits.allow(/status of 400/);
  const page = await opened('changes', refusal(400, 'a\u202e\u001bz'), '#/changes?before=e-7');
  await page.getByRole('alert').filter({ hasText: 'a\\u202e\\u001bz of a test' }).waitFor(patience);
  await goesOn(page);
});

it('of thousands of rows the screen has 500', async () => {
  const subscribers = Array.from({ length: 3_000 }, (_, number) => subscriber('a', number));
  const page = await opened('subscribers', { json: { subscribers, next: null } }, '#/subscribers');
  const count = () => page.locator('tbody tr').count();
  await until('all that may be there is', async () => (await count()) === maxRows, patience.timeout);
});

it('Registries tells a registry that lacks what is watched from one that has all', async () => {
  const page = await visits.open(`${gateway.url}/ui/#/connect`);
  const warning = {
    ...{ severity: 'warning', code: 'registry-lacks-watched', setting: 'watch', docs: 'docs/operating.md' },
    ...{ about: 'ghcr.io', cause: 'It does not have team/gone.', remedy: 'Correct the name.' },
  };
  const registry = { state: 'ok', leftAloneUntil: null, repositories: 1, lastFailure: null };
  const registries = ['ghcr.io', 'quay.io'].map((name) => ({ ...registry, registry: name }));
  await page.route('**/v1/status', async (route) => {
    const status = await (await route.fetch()).json();
    await route.fulfill({ json: { ...status, warnings: [warning], registries } });
  });
  const upstreams = ['ghcr.io', 'quay.io'].map((name) => ({
    ...upstream('a'),
    registry: name,
    breaker: 'closed',
  }));
  await opened('upstreams', { json: { upstreams, gateway: 'a' } }, '#/registries', page);
  const row = page.getByRole('row').filter({ hasText: 'ghcr.io' });
  await row.filter({ hasText: 'Incomplete' }).filter({ hasText: warning.cause }).waitFor(patience);
  await page.getByRole('row').filter({ hasText: 'quay.io' }).filter({ hasText: 'OK' }).waitFor(patience);
  expect(await axeFindings(page)).toEqual([]);
  await row.getByRole('link').click();
  await page.locator('.meaning', { hasText: `${warning.cause} ${warning.remedy}` }).waitFor(patience);
  await page.evaluate(`location.hash = '#/now'`);
  await row.filter({ hasText: 'Incomplete' }).waitFor(patience);
});
