/** One e-mail over SMTP, and what the server said. */
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
      ...{ ignoreTLS: security === 'none', tls: { secureContext: this.#context, servername: host } },
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
      const { code, response } = faultOf(error);
      if (response !== null) return answerOf(response);
      throw new CallError('network', `SMTP ${host}:${port}: no answer (${code})`);
    } finally {
      transport.close();
    }
  }
}

function answerOf(response: string): MailAnswer {
  return { code: Number(/^[0-9]{3}/.exec(response)?.[0] ?? 0), text: response };
}

function faultOf(error: unknown): { readonly code: string; readonly response: string | null } {
  if (!(error instanceof Error)) return { code: 'unknown error', response: null };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const response = 'response' in error && typeof error.response === 'string' ? error.response : null;
  return { code, response };
}
