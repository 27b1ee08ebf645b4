import { expect, test } from 'vitest';
import { explainDelivery } from '../../../../src/source/webhook/explain.ts';
import { hookFor, readFixture, snsHook, standingClock } from '../../../support/webhook.ts';

const dependencies = { clock: standingClock, fetchText: () => Promise.reject(new Error('offline')) };

test('explainDelivery shows what a saved delivery would become', async () => {
  const explained = await explainDelivery(
    hookFor('gitea'),
    readFixture('gitea/package-created'),
    dependencies,
  );
  expect(explained).toMatchObject({ hook: 'gitea', kind: 'gitea', status: 202, verified: true, error: null });
  expect(explained.incomplete).toEqual([
    expect.objectContaining({ repository: 'octoacme/web', tag: '1.4.2' }),
  ]);
});

test('explainDelivery says that a delivery does not verify, and reads it anyway only when asked', async () => {
  const sample = { ...readFixture('gitea/package-created'), headers: {} };
  const refused = await explainDelivery(hookFor('gitea'), sample, dependencies);
  expect(refused).toMatchObject({
    status: 401,
    verified: false,
    error: { code: 'UNAUTHORIZED' },
    incomplete: [],
  });
  const anyway = await explainDelivery(hookFor('gitea'), sample, dependencies, true);
  expect(anyway).toMatchObject({ status: 401, verified: false, error: { code: 'UNAUTHORIZED' } });
  expect(anyway.incomplete).toHaveLength(1);
});

test('explainDelivery names what is wrong with a body, and confirms no subscription', async () => {
  const sample = readFixture('acr/push');
  const broken = await explainDelivery(hookFor('acr'), { ...sample, body: Buffer.from('{') }, dependencies);
  expect(broken).toMatchObject({ status: 400, verified: true, error: { code: 'BODY_INVALID' } });
  const confirmation = readFixture('ecr/sns-subscription-confirmation');
  const explained = await explainDelivery(snsHook, confirmation, dependencies);
  expect(explained).toMatchObject({ status: 200, ignored: [{ reason: 'ping', count: 1 }] });
});
