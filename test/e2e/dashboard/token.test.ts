// @needs chromium
/** The form for the token: who gets in, where the token is, and what each token sees. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { digest, type GatewayProcess, spawnGateway } from '../../support/gateway.ts';
import { axeFindings, patience, settled, Visits } from './support/visits.ts';

const token = (name: string, rights: object = {}) => ({
  ...{ name, sha256: digest(`token-of-${name}`).slice(7) },
  ...rights,
});
let gateway: GatewayProcess;
let visits: Visits;
beforeAll(async () => {
  const access = [token('root', { admin: true }), token('reader', { repositories: ['team/*'] })];
  [visits, gateway] = await Promise.all([Visits.begin(), spawnGateway({ settings: { access } })]);
});
afterEach(() => visits.endTest());
afterAll(async () => {
  await visits?.close();
  await gateway?.stop('SIGKILL');
});

/** Chromium itself logs an answer that is a refusal. */
const unauthorised = /status of 401/;
const at = (hash = '') => `${gateway.url}/ui/${hash}`;

it('asks for a token, says that one is wrong, and lets the right one in, all by keyboard', async () => {
  visits.allow(unauthorised);
  const page = await visits.open(at('#/now'));
  await page.getByLabel('Token').waitFor(patience);
  expect(await axeFindings(page)).toEqual([]);
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor(patience);
  expect(await page.getByRole('alert').textContent()).toContain('does not know this token');
  expect(await page.getByLabel('Token').getAttribute('aria-invalid')).toBe('true');
  expect(await axeFindings(page)).toEqual([]);
  await page.getByLabel('Token').focus();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('token-of-root');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'All is well' }).waitFor(patience);
});

it('keeps the token in the tab alone: not in the address, a cookie, or what other tabs see', async () => {
  visits.allow(unauthorised);
  const page = await visits.open(at('#/changes'));
  await page.getByLabel('Token').fill('token-of-reader');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Changes' }).waitFor(patience);
  expect(page.url()).toBe(at('#/changes'));
  expect(await page.context().cookies()).toEqual([]);
  expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('token-of');
  await page.reload();
  await page.getByRole('heading', { name: 'Changes' }).waitFor(patience);
  const other = await visits.open(at('#/changes'), { context: page.context() });
  await other.getByLabel('Token').waitFor(patience);
  expect(gateway.output()).not.toContain('token-of');
});

it('tells a token without admin why operators see more, and takes another one', async () => {
  visits.allow(unauthorised);
  const page = await visits.open(at('#/pace'));
  await page.getByLabel('Token').fill('token-of-reader');
  await page.keyboard.press('Enter');
  for (const screen of ['now', 'registries', 'hooks', 'targets', 'subscribers', 'pace']) {
    await page.evaluate(`location.hash = '#/${screen}'`);
    await settled(page);
    await page.getByText('lacks admin').first().waitFor(patience);
    expect([screen, await axeFindings(page)]).toEqual([screen, []]);
  }
  await page.getByRole('button', { name: 'Use another token' }).first().click();
  await page.getByLabel('Token').fill('token-of-root');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /deliveries a second/ }).waitFor(patience);
});
