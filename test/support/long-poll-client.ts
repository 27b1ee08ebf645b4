/** Long-polls repeatedly, following `Link`, until closed, and offers the answers as one stream. */
import { Inbox } from './inbox.ts';
import {
  type Message,
  type OpenOptions,
  type Params,
  type StreamClient,
  toQuery,
  toRefusal,
} from './stream-client.ts';

export interface PollAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Path and query of the `Link` with `rel="next"`. */
  readonly next: string | null;
}

export async function poll(
  port: number,
  target: string,
  options: OpenOptions & { signal?: AbortSignal } = {},
) {
  const token = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const response = await fetch(`http://127.0.0.1:${port}${target}`, {
    headers: { ...token, ...options.headers },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const headers = Object.fromEntries(response.headers);
  const next = /^<([^>]+)>; rel="next"$/.exec(headers.link ?? '')?.[1] ?? null;
  const answer: PollAnswer = { status: response.status, headers, body: await response.text(), next };
  return answer;
}

/**
 * Polls from the start in `params`. Without `after` or `since` it begins at the first answer's `Link`, like a
 * client that wants only new changes. It reports a 410 as `reset`, and continues at the position in it.
 */
export async function openLongPoll(
  port: number,
  params: Params = {},
  options: OpenOptions = {},
): Promise<StreamClient> {
  const inbox = new Inbox<Message>();
  const over = new AbortController();
  const isLive = params.after === undefined && params.since === undefined;
  const first = await poll(port, `/v2/updates${toQuery(params)}`, options);
  let target: string;
  if (first.status === 410) target = tellReset(first.body, params, inbox);
  else {
    if (first.status !== 200 || first.next === null) throw toRefusal(first.status, first.body, first.headers);
    if (!isLive) tellChanges(first, inbox);
    inbox.push({ kind: 'ready', position: positionOf(first.next) });
    target = first.next;
  }
  const run = async () => {
    while (!over.signal.aborted) {
      const waiting = `${target}${target.includes('wait=') ? '' : '&wait=10s'}`;
      const answer = await poll(port, waiting, { ...options, signal: over.signal });
      if (answer.status === 410) target = tellReset(answer.body, params, inbox);
      else if (answer.status !== 200 || answer.next === null)
        return inbox.end(`${answer.status} ${answer.body}`);
      else {
        tellChanges(answer, inbox);
        target = answer.next;
      }
    }
  };
  const closed = run().then(
    () => null,
    (error: unknown) => {
      inbox.end(String(error));
      return null;
    },
  );
  return { inbox, closed, close: () => over.abort() };
}

function positionOf(target: string): string {
  return new URL(target, 'http://localhost').searchParams.get('after') ?? '';
}

/** A client may resume after the last change of an answer at `Link`, and after the others at their own positions. */
function tellChanges(answer: PollAnswer, inbox: Inbox<Message>): void {
  for (const change of JSON.parse(answer.body)) {
    inbox.push({
      kind: 'change',
      resume: change.position ?? change.id,
      change,
      text: JSON.stringify(change),
    });
  }
}

function tellReset(body: string, params: Params, inbox: Inbox<Message>): string {
  const { reason, position, floor } = JSON.parse(body).errors[0].detail;
  inbox.push({ kind: 'reset', reason, position, floor });
  const { since: _, ...rest } = params;
  return `/v2/updates${toQuery({ ...rest, after: position })}`;
}
