/** One e-mail over SMTP, and what the server said. */
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { createTransport } from 'nodemailer';
import { trusting } from '../../lib/trusted-certificates.ts';
import { CallError } from './error.ts';

/** What a kind sends. */
export interface Mail {
  readonly host: string;
  readonly port: number;
  /** `starttls`: not without it. */
  readonly security: 'none' | 'starttls' | 'tls';
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Bare addresses. */
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
  /** `<…@…>` */
  readonly messageId: string;
  /** More headers, ASCII. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What the server answered last (RFC 5321 §4.2). */
export interface MailAnswer {
  readonly code: number;
  readonly text: string;
  /** What it said of each receiver that it refused, although it took the message for others. Default: none. */
  readonly refused?: readonly string[];
}

/** Sends the e-mails of one target, each over a connection of its own. */
export class Mailer {
  readonly #ca: string | undefined;
  #context: SecureContext | undefined;

  /** @param ca certificate authorities to trust besides Node's and the system's, PEM */
  constructor(ca: string | undefined) {
    this.#ca = ca;
  }

  /** @param signal ends it; its reason is thrown if that is a CallError @throws CallError */
  async send(mail: Mail, signal: AbortSignal): Promise<MailAnswer> {
    const { host, port, security, username, password, ...message } = mail;
    this.#context ??= trusting(this.#ca);
    const transport = createTransport({
      ...{ host, port, secure: security === 'tls', requireTLS: security === 'starttls' },
      ...{ ignoreTLS: security === 'none', tls: { secureContext: this.#context, ...serverName(host) } },
      ...(username === undefined ? {} : { auth: { user: username, pass: password ?? '' } }),
      // No part of a message names a file or a URL.
      ...{ disableFileAccess: true, disableUrlAccess: true },
    });
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => {});
    try {
      if (signal.aborted) throw signal.reason;
      const sent = transport.sendMail({ ...message, to: [...message.to], signal });
      // It may fail while nobody waits any more.
      sent.catch(() => {});
      const { response, rejectedErrors = [] } = await Promise.race([sent, aborted]);
      const refused = rejectedErrors.map((error) => faultOf(error).response ?? error.message);
      return { ...answerOf(response), ...(refused.length === 0 ? {} : { refused }) };
    } catch (error) {
      if (signal.reason instanceof CallError) throw signal.reason;
      const { reason, response } = faultOf(error);
      if (response !== null) return answerOf(response);
      throw new CallError('network', `SMTP ${host}:${port}: no answer (${reason})`);
    } finally {
      transport.close();
    }
  }
}

function answerOf(response: string): MailAnswer {
  return { code: Number(/^[0-9]{3}/.exec(response)?.[0] ?? 0), text: response };
}

/** RFC 6066 §3: an address is no name. */
function serverName(host: string): { readonly servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

/** Most of a reason, characters. */
const maxReason = 150;

/** `reason`: code and message, because one code stands for all that can happen to a connection. */
function faultOf(error: unknown): { readonly reason: string; readonly response: string | null } {
  if (!(error instanceof Error)) return { reason: 'unknown error', response: null };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // OpenSSL's message has addresses and paths around its reason.
  const told = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  const reason = `${code}: ${told.replace(/\s+/g, ' ').trim()}`.slice(0, maxReason);
  const response = 'response' in error && typeof error.response === 'string' ? error.response : null;
  return { reason, response };
}
