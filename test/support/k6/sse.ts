/** Stand-in for `k6/x/sse`. The real one blocks the virtual user; this one returns a promise. */
import { request } from 'node:http';
import { currentUser } from './virtual-user.ts';

interface Params {
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeout?: string;
}

interface SseEvent {
  readonly id: string;
  readonly name: string;
  readonly data: string;
}

class Client {
  onEvent: (event: SseEvent) => void = () => {};
  readonly #close: () => void;

  constructor(close: () => void) {
    this.#close = close;
  }

  on(event: string, listener: (event: SseEvent) => void): void {
    if (event === 'event') this.onEvent = listener;
  }

  close(): void {
    this.#close();
  }
}

function parse(block: string): SseEvent {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    }),
  );
  return { id: fields.get('id') ?? '', name: fields.get('event') ?? '', data: fields.get('data') ?? '' };
}

function open(
  url: string,
  params: Params,
  setup: (client: Client) => void,
): Promise<{ readonly status: number }> {
  const { stop } = currentUser();
  const seconds = /^(\d+)s$/.exec(params.timeout ?? '')?.[1];
  if (seconds === undefined)
    throw new Error(`open: timeout ${params.timeout}: must be a Go duration in seconds`);
  return new Promise((resolve) => {
    const outgoing = request(url, {
      headers: { ...params.headers },
      signal: AbortSignal.any([stop, AbortSignal.timeout(Number(seconds) * 1000)]),
    });
    const client = new Client(() => outgoing.destroy());
    setup(client);
    outgoing.on('error', () => resolve({ status: 0 }));
    outgoing.on('response', (response) => {
      let rest = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        const blocks = `${rest}${text}`.split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) client.onEvent(parse(block));
      });
      response.on('error', () => {});
      response.on('close', () => resolve({ status: response.statusCode ?? 0 }));
    });
    outgoing.end();
  });
}

export default { open };
