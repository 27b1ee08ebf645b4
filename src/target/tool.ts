import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { AllowedRate } from './allowed-rate.ts';
import { CallError } from './call/error.ts';
import { HttpCaller, type HttpRequest } from './call/http.ts';
import { Mailer } from './call/mail.ts';
import { findPattern } from './call/pattern-search.ts';
import { ProcessRunner } from './call/process.ts';
import type { ChangeDelivery, Reach, ResetDelivery, Verdict } from './kind.ts';
import type { Target } from './target.ts';

/** Characters of `why` that operators see: the status, and the first 200 of the answer. */
const maxWhy = 220;
/** Characters of a command's output: its end, because tools say there what went wrong. */
const maxShownOutput = 190;

interface ToolParts {
  readonly clock: Clock;
  readonly log: Log;
}

/** The tool of one target: one attempt, with its time limit. It has connections of its own. */
export class Tool {
  readonly #target: Target;
  readonly #parts: ToolParts;
  readonly #caller: HttpCaller;
  readonly #processes: ProcessRunner;
  readonly #mailer: Mailer;
  readonly #underWay = new Set<AbortController>();
  #isClosed = false;
  /** Of all attempts, an operator's tests too. It stays over resets and moves. */
  readonly rate = new AllowedRate();

  constructor(target: Target, parts: ToolParts) {
    this.#target = target;
    this.#parts = parts;
    // One more, so that an operator's test need not wait.
    const connections = target.rules.concurrency + 1;
    this.#caller = new HttpCaller({ connections, ca: target.ca });
    this.#processes = new ProcessRunner({ clock: parts.clock, environment: target.environment ?? {} });
    this.#mailer = new Mailer(target.ca);
  }

  /** Tries once. It does not reject: what fails is to be tried again. No secret is in the verdict. */
  deliver(delivery: ChangeDelivery): Promise<Verdict> {
    const { kind, settings } = this.#target;
    return this.#attempt((reach) => kind.deliver(delivery, settings, reach));
  }

  /** As `deliver`. A kind that tells of no resets ignores it. */
  reset(delivery: ResetDelivery): Promise<Verdict> {
    const { kind, settings } = this.#target;
    const ignored: Verdict = { kind: 'ignored', why: `kind ${kind.name} tells its tool of no resets` };
    return this.#attempt(async (reach) => (await kind.reset?.(delivery, settings, reach)) ?? ignored);
  }

  /** Ends what is under way, and all connections; begins nothing more. A command has some time to end. Idempotent. */
  async close(): Promise<void> {
    this.#end();
    await Promise.all([this.#caller.close(), this.#processes.close()]);
  }

  /** As `close`, but no command has any time: the process is about to end, and they would go on without it. */
  kill(): void {
    this.#end();
    this.#processes.kill();
  }

  #end(): void {
    this.#isClosed = true;
    for (const each of this.#underWay) each.abort(gatewayEnds());
  }

  async #attempt(work: (reach: Reach) => Promise<Verdict>): Promise<Verdict> {
    const { clock, log } = this.#parts;
    const { name, timeoutMs, mask, settings } = this.#target;
    if (this.#isClosed) return { kind: 'retry', why: gatewayEnds().message };
    const limit = new AbortController();
    this.#underWay.add(limit);
    const ended = new Promise<never>((_, reject) => {
      limit.signal.addEventListener('abort', () => reject(limit.signal.reason), { once: true });
    });
    // It may be rejected while nobody waits any more.
    ended.catch(() => {});
    let missing = 'no answer';
    const late = () => new CallError('timeout', `${missing} within ${timeoutMs} ms`);
    const cancel = clock.after(timeoutMs, () => limit.abort(late()));
    const more = { secrets: [] as string[], urls: [] as string[] };
    const reach: Reach = {
      http: (request) => {
        more.secrets.push(...credentialsIn(request));
        more.urls.push(request.url);
        return this.#caller.send(request, limit.signal);
      },
      run: async (command) => {
        missing = 'the command did not end';
        const answer = await this.#processes.run(command, limit.signal);
        // Hidden before it is cut: a part of a secret would not be found.
        return { ...answer, shown: mask(answer.output).replace(/\s+/g, ' ').trim().slice(-maxShownOutput) };
      },
      find: (search) => findPattern(search, { clock, signal: limit.signal }),
      allow: (everyMs) => this.rate.set(everyMs),
      mail: (mail) => this.#mailer.send(mail, limit.signal),
    };
    let verdict: Verdict;
    try {
      verdict = await Promise.race([work(reach), ended]);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!(error instanceof CallError))
        log.error({ target: name, error: mask(why, more) }, 'deliver to target: failed');
      verdict = { kind: 'retry', why };
    } finally {
      cancel();
      this.#underWay.delete(limit);
    }
    if (!('why' in verdict)) return verdict;
    const why = withDoubt(mask(verdict.why, more), settings);
    return { ...verdict, why: why.slice(0, maxWhy) };
  }
}

/** How a tool begins to say that it does not know the sender, and the members that it may have found wrong. */
const refusals = [
  { begin: /^status 40[13]\b/, proofs: ['token', 'secret', 'password', 'headers'] },
  // SMTP, RFC 4954 §6: the credentials are invalid.
  { begin: /^535\b/, proofs: ['username', 'password'] },
] as const;

/** Names the members that a tool may have found wrong. */
function withDoubt(why: string, settings: unknown): string {
  if (typeof settings !== 'object' || settings === null) return why;
  for (const { begin, proofs } of refusals) {
    const [said] = begin.exec(why) ?? [];
    const doubted = proofs.filter((key) => Object.hasOwn(settings, key));
    if (said === undefined || doubted.length === 0) continue;
    const rest = why.slice(said.length).replace(/^[\s:-]+/, ': ');
    return `${said}: ${doubted.join(' or ')} may be wrong${rest}`;
  }
  return why;
}

function gatewayEnds(): CallError {
  return new CallError('closed', 'the gateway ends');
}

/** What proves to the tool who sent it: a tool may repeat it in its answer. */
function credentialsIn({ headers }: HttpRequest): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    name.toLowerCase() === 'authorization' ? [value, value.replace(/^\S+\s+/, '')] : [],
  );
}
