import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { flux, judge, request } from '../../../../src/target/kinds/flux.ts';
import {
  answer,
  delivery,
  resetDelivery,
  scriptedReach,
  wireChange,
} from '../../../support/target-samples.ts';

const url = 'http://webhook-receiver/hook/0123456789abcdef';

describe('flux', () => {
  it('gets an object with the newest change and all of them', () => {
    const changes = [wireChange({ tag: 'latest' }), wireChange()] as const;
    const { method, url: to, headers, body } = request(delivery({}, { changes }), { url });
    expect({ method, to, headers }).toEqual({
      ...{ method: 'POST', to: url, headers: { 'content-type': 'application/json' } },
    });
    expect(JSON.parse(body ?? '')).toEqual({ change: wireChange(), changes });
  });

  it('gets the signature of the very body if there is a secret', () => {
    const { headers, body } = request(delivery(), { url, secret: 'shh' });
    const signature = createHmac('sha256', 'shh')
      .update(body ?? '')
      .digest('hex');
    expect(headers['x-signature']).toBe(`sha256=${signature}`);
  });

  it.each([
    [200, 1, 'accepted'],
    [202, 1, 'stop'],
    [302, 1, 'retry'],
    [400, 1, 'refused'],
    [404, 1, 'retry'],
    [410, 1, 'stop'],
    [413, 1, 'refused'],
    [500, 1, 'retry'],
    [500, 4, 'retry'],
    [500, 5, 'refused'],
    [503, 50, 'retry'],
  ])('is judged by status %i at attempt %i: %s', (status, attempt, kind) => {
    expect(judge(answer(status), delivery({}, { attempt })).kind).toBe(kind);
  });

  it('says which Service it must be after a 202', () => {
    expect(judge(answer(202), delivery())).toMatchObject({ why: expect.stringMatching(/webhook-receiver/) });
  });

  it('is triggered once by a reset', async () => {
    const reach = scriptedReach(answer(500));
    expect(await flux.reset?.(resetDelivery(), { url }, reach)).toMatchObject({ kind: 'refused' });
    expect(JSON.parse(reach.sent[0]?.body ?? '')).toEqual({
      ...{ change: null, changes: [], reset: { reason: 'epoch', position: 'bcdefghi-12' } },
    });
  });
});
