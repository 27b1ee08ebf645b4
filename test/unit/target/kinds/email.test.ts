import { describe, expect, it } from 'vitest';
import { email, judge, mailOf } from '../../../../src/target/kinds/email.ts';
import { delivery } from '../../../support/target-samples.ts';

const given = { host: 'mail.example.com', from: 'manifeed@example.com', to: ['ops@example.com'] };

/** Settings as the configuration gives them. */
function settingsOf(members: object = {}): Parameters<typeof mailOf>[1] {
  return email.members.parse({ ...given, ...members }) as Parameters<typeof mailOf>[1];
}

describe('email', () => {
  it('sends a plain text with the same id over all attempts', () => {
    const mail = mailOf(delivery(), settingsOf());
    expect(mail).toMatchObject({
      ...{ ...given, port: 587, security: 'starttls', subject: 'nginx: 1.27 updated' },
      text: 'docker.io/library/nginx:1.27 updated: sha256:aaaaaaaaaaaa, was sha256:bbbbbbbbbbbb\n',
      messageId: '<abcdefgh-7.tool@example.com>',
      headers: { 'auto-submitted': 'auto-generated' },
    });
    expect(mailOf(delivery({}, { attempt: 2, nowMs: 1 }), settingsOf())).toEqual(mail);
  });

  it.each([
    [{ security: 'tls' }, 465],
    [{ security: 'none' }, 587],
    [{ port: 25 }, 25],
  ])('finds the port of %j', (members, port) => {
    expect(mailOf(delivery(), settingsOf(members)).port).toBe(port);
  });

  it.each([
    [250, 'accepted'],
    [421, 'retry'],
    [450, 'retry'],
    [535, 'stop'],
    [550, 'stop'],
    [0, 'retry'],
  ])('judges the code %i: %s', (code, kind) => {
    expect(judge({ code, text: `${code} so it is` }).kind).toBe(kind);
  });

  it('gives up a message that some receivers have, and others cannot get', () => {
    const refused = ['550 no such user', '450 full'];
    expect(judge({ code: 250, text: '250 ok', refused })).toEqual({
      ...{ kind: 'refused', why: 'not for all receivers: 550 no such user; 450 full' },
    });
    expect(judge({ code: 250, text: '250 ok', refused: [] })).toEqual({ kind: 'accepted' });
  });

  it.each([
    [{ to: [] }],
    [{ to: ['Ops <ops@example.com>'] }],
    [{ to: ['a@example.com\r\nbcc: b@example.com'] }],
    [{ from: 'a, b@example.com' }],
    [{ host: 'smtp://mail.example.com' }],
    [{ port: 0 }],
    [{ security: 'ssl' }],
  ])('refuses %j', (members) => {
    expect(email.members.safeParse({ ...given, ...members }).success).toBe(false);
  });

  it.each([
    [{ username: 'u' }, ['password']],
    [{ username: 'u', password: 'p', security: 'none' }, ['security']],
    [{ username: 'u', password: 'p' }, []],
  ])('has faults between its members: %j: %j', (members, keys) => {
    expect(email.faults?.(settingsOf(members)).map(({ key }) => key)).toEqual(keys);
  });

  it('shows the message', () => {
    expect(email.describe(delivery(), settingsOf())).toMatch(
      /^SMTP mail\.example\.com:587 \(starttls\)\nfrom: /,
    );
  });
});
