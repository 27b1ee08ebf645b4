import { describe, expect, it } from 'vitest';
import { apprise, judge, request } from '../../../../src/target/kinds/apprise.ts';
import { answer, delivery } from '../../../support/target-samples.ts';

const url = 'http://apprise:8000/notify/team';

describe('apprise', () => {
  it('gets a message in plain text', () => {
    const { method, url: to, body, headers } = request(delivery(), { url });
    expect({ method, to, headers }).toEqual({
      ...{ method: 'POST', to: url, headers: { 'content-type': 'application/json' } },
    });
    expect(JSON.parse(body ?? '')).toEqual({
      title: 'nginx: 1.27 updated',
      body: 'docker.io/library/nginx:1.27 updated: sha256:aaaaaaaaaaaa, was sha256:bbbbbbbbbbbb',
      ...{ type: 'info', format: 'text' },
    });
  });

  it('gets tags and credentials if there are some', () => {
    const sent = request(delivery(), { url, tags: 'ops', username: 'u', password: 'p' });
    expect(JSON.parse(sent.body ?? '')).toMatchObject({ tag: 'ops' });
    expect(sent.headers.authorization).toMatch(/^Basic /);
  });

  it.each([
    [200, 1, 'accepted'],
    [204, 1, 'retry'],
    [400, 1, 'refused'],
    [405, 1, 'refused'],
    [410, 1, 'stop'],
    [424, 2, 'retry'],
    [424, 3, 'refused'],
    [431, 1, 'refused'],
    [500, 9, 'retry'],
  ])('is judged by status %i at attempt %i: %s', (status, attempt, kind) => {
    expect(judge(answer(status), delivery({}, { attempt })).kind).toBe(kind);
  });

  it('gets nothing twice', () => {
    expect(apprise.replays).toBe(false);
    expect(apprise.reset).toBeUndefined();
  });
});
