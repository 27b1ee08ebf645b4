import { describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/target/message.ts';
import { delivery, wireChange } from '../../support/target-samples.ts';

describe('the message of a delivery', () => {
  it('has the newest change first, and counts those beyond twenty', () => {
    const changes = Array.from({ length: 25 }, (_, at) => wireChange({ tag: `t${at}` }));
    const [first = wireChange()] = changes;
    const { title, body } = messageOf(delivery({}, { changes: [first, ...changes.slice(1)] }));
    expect(title).toBe('nginx: 25 changes');
    const lines = body.split('\n');
    expect(lines).toHaveLength(21);
    expect(lines[0]).toMatch(/^docker\.io\/library\/nginx:t24 updated: /);
    expect(lines.at(-1)).toBe('and 5 more');
  });

  it.each([
    [
      { type: 'tag.created', previousDigest: null },
      'nginx: 1.27 created',
      '1.27 created: sha256:aaaaaaaaaaaa',
    ],
    [{ type: 'tag.deleted', digest: null }, 'nginx: 1.27 deleted', '1.27 deleted, was sha256:bbbbbbbbbbbb'],
  ] as const)('says what happened: %j', (given, title, end) => {
    const message = messageOf(delivery(given));
    expect(message.title).toBe(title);
    expect(message.body).toBe(`docker.io/library/nginx:${end}`);
  });

  it('tells of a manifest without a tag, and marks a test', () => {
    const given = { type: 'manifest.pushed', tag: null, previousDigest: null } as const;
    expect(messageOf(delivery(given, { kind: 'test' }))).toEqual({
      title: 'Test: nginx: manifest pushed',
      body: 'docker.io/library/nginx pushed: sha256:aaaaaaaaaaaa',
    });
  });
});
