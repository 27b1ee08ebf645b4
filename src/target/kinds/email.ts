/** An e-mail over SMTP. */
import { z } from 'zod';
import { choice, hostName, integer, list, text } from '../../config/settings/values.ts';
import type { Mail, MailAnswer } from '../call/mail.ts';
import { type ChangeDelivery, type Kind, pushTypes, type SettingFault, type Verdict } from '../kind.ts';
import { basic, faultsOfBasic } from '../members.ts';
import { messageOf } from '../message.ts';

const maxReceivers = 100;

function address() {
  return text('an e-mail address without a name', /^[^\s@<>",;:\\()[\]]{1,64}@[A-Za-z0-9.-]{1,255}$/);
}

const members = z.strictObject({
  host: hostName().describe('Mail server (SMTP)'),
  port: integer(1, 65_535)
    .optional()
    .describe('Port of the mail server; default 587, with `security: tls` 465'),
  security: choice(['starttls', 'tls', 'none'])
    .default('starttls')
    .describe(
      '`starttls`: switches the connection to TLS, or sends nothing; `tls`: TLS from the first byte; `none`: no TLS',
    ),
  username: basic.username.describe('User name at the mail server'),
  password: basic.password.describe('Password at the mail server'),
  from: address().describe('Address of the sender'),
  to: list(address(), 'addresses', maxReceivers)
    .min(1, { error: 'must have at least one' })
    .describe('Addresses of the receivers'),
});

type Settings = z.output<typeof members>;

/** An attempt after a cut connection has the same id: mail systems may then drop the second one. */
export function mailOf(delivery: ChangeDelivery, settings: Settings): Mail {
  const { host, security, username, password, from, to } = settings;
  const port = settings.port ?? (security === 'tls' ? 465 : 587);
  const { title, body } = messageOf(delivery);
  const messageId = `<${delivery.id}.${delivery.target}@${from.slice(from.indexOf('@') + 1)}>`;
  // RFC 3834 §5: no holiday notes come back.
  const headers = { 'auto-submitted': 'auto-generated' };
  const message = { from, to, subject: title, text: `${body}\n`, messageId, headers };
  return { host, port, security, username, password, ...message };
}

/**
 * RFC 5321 §4.2.1: 2yz is success, 4yz passes, 5yz stays: a wrong password or receiver stays wrong. If only some
 * receivers were refused, the others have the message already.
 */
export function judge({ code, text, refused = [] }: MailAnswer): Verdict {
  if (code >= 200 && code < 300 && refused.length > 0)
    return { kind: 'refused', why: `not for all receivers: ${refused.join('; ')}` };
  if (code >= 200 && code < 300) return { kind: 'accepted' };
  return code >= 500 && code < 600 ? { kind: 'stop', why: text } : { kind: 'retry', why: text };
}

export const email: Kind<Settings> = {
  name: 'email',
  members,
  defaults: { timeoutMs: 60_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: false,
  replays: false,
  needsReference: false,
  faults(settings): readonly SettingFault[] {
    const isOpen = settings.security === 'none' && settings.password !== undefined;
    const message = 'none: must be starttls or tls, because there is a password';
    return [...faultsOfBasic(settings), ...(isOpen ? [{ key: 'security', message }] : [])];
  },
  async deliver(delivery, settings, reach) {
    return judge(await reach.mail(mailOf(delivery, settings)));
  },
  describe(delivery, settings) {
    const { host, port, security, from, to, subject, text, messageId, headers } = mailOf(delivery, settings);
    const lines = Object.entries({ from, to: to.join(', '), subject, 'message-id': messageId, ...headers });
    const head = lines.map(([name, value]) => `${name}: ${value}`);
    return [`SMTP ${host}:${port} (${security})`, ...head, '', text].join('\n');
  },
};
