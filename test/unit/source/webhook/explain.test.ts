import { expect, test } from 'vitest';
import { explainDelivery } from '../../../../src/source/webhook/explain.ts';
import { DeliveryLog } from '../../../../src/source/webhook/log/deliveries.ts';
import { hookFor, readFixture, secret, snsHook, standingClock } from '../../../support/webhook.ts';

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

test('explainDelivery writes times in RFC 3339', async () => {
  const explained = await explainDelivery(
    hookFor('gitea'),
    readFixture('gitea/package-created'),
    dependencies,
  );
  const text = JSON.stringify(explained);
  expect(text).toMatch(/"saidAt":"20\d\d-\d\d-\d\dT[\d:.]+Z"/);
  expect(text).not.toMatch(/At":\d/);
});

test.each([
  [
    'ghcr',
    {},
    ['header X-Hub-Signature-256 (after "sha256="): the HMAC-SHA256 of the body by secret, in hex'],
  ],
  [
    'gitea',
    {},
    [
      'header X-Gitea-Signature or X-Hub-Signature-256 (after "sha256="): the HMAC-SHA256 of the JSON by secret, in hex',
    ],
  ],
  [
    'jfrog',
    {},
    ['header X-Jfrog-Event-Auth: the HMAC-SHA256 of the body by secret, in hex, or the secret itself'],
  ],
  ['harbor', {}, ['header Authorization: the token, in Authorization also after "Bearer "']],
  ['ecr', {}, ['header X-Api-Key: the token']],
  ['zot', {}, ['header Authorization: "Basic " and username:password in base64']],
  ['quay', {}, ['the pathToken as last part of the URL (--path-token)']],
  ['gar', {}, ['header Authorization: "Bearer " and Google\'s token for audience and email']],
  ['ecr', snsHook, ['header X-Amz-Sns-Message-Type, and in the body the signature of one of topics']],
])(
  'explainDelivery says what a hook of kind %s expects where nothing came with it',
  async (kind, over, expects) => {
    const hook = Object.keys(over).length === 0 ? hookFor(kind) : snsHook;
    const explained = await explainDelivery(
      hook,
      { body: Buffer.from('{}'), headers: {} },
      dependencies,
      true,
    );
    expect(explained).toMatchObject({ status: 401, verified: false, expects });
    expect(JSON.stringify(explained)).not.toContain(secret);
  },
);

test('explainDelivery says what else is wrong with a delivery that does not verify', async () => {
  const broken = { body: Buffer.from('{'), headers: {} };
  const explained = await explainDelivery(hookFor('harbor'), broken, dependencies, true);
  expect(explained).toMatchObject({ error: { code: 'UNAUTHORIZED' }, otherwise: { code: 'BODY_INVALID' } });
  const whole = { ...readFixture('harbor/push-artifact'), headers: {} };
  expect(await explainDelivery(hookFor('harbor'), whole, dependencies, true)).toMatchObject({
    otherwise: null,
  });
});

test('explainDelivery reads what GET /v1/hooks saved, as of when it came', async () => {
  const log = new DeliveryLog([hookFor('gitea')], standingClock);
  const save = (body: Buffer) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-gitea-delivery': 'd' };
    const refusal = {
      status: 400,
      code: 'BODY_INVALID',
      reason: 'r',
      bytes: 1,
      address: 'a',
      result: 'refused',
    } as const;
    log.refused('gitea', { ...refusal, delivery: { body, headers } });
    const file = Buffer.from(JSON.stringify({ savedDelivery: log.saved('gitea') }));
    const json = { 'content-type': 'application/json' };
    return explainDelivery(hookFor('gitea'), { body: file, headers: json }, dependencies, true);
  };
  const { body } = readFixture('gitea/package-created');
  const form = new URLSearchParams({ payload: body.toString('utf8') }).toString();
  const taken = await save(Buffer.from(form));
  expect(taken).toMatchObject({ status: 202, verified: true, error: null });
  expect(taken.incomplete).toHaveLength(1);
  const refused = await save(Buffer.from([0xff, 0x7b]));
  expect(refused).toMatchObject({ status: 400, verified: true, error: { code: 'BODY_INVALID' } });
});
