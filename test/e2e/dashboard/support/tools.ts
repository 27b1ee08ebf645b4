/** Tools that targets trigger: one that takes everything, one that fails, one that wants no more, one that hangs. */
import type { Settings } from '../../../support/gateway.ts';
import { SinkServer } from '../../../support/sink-server.ts';

/** What a tool that fails says: no text of a tool is markup. */
export const failure = '<img src=x onerror="globalThis.wasRun = true"><b>down</b> for maintenance';

/** In no page, whatever the target does. */
export const secretToken = 'secret-token-of-watchtower';

export interface Tools {
  readonly sink: SinkServer;
  readonly targets: readonly Settings[];
  close(): Promise<void>;
}

export async function startTools(): Promise<Tools> {
  const sink = await SinkServer.start(({ target }) => {
    if (target.startsWith('/ok')) return { body: 'done' };
    if (target.startsWith('/gone')) return { status: 410, body: 'receiver was deleted' };
    if (target.startsWith('/hang')) return { hang: true };
    return { status: 503, body: failure };
  });
  const at = (path: string) => `${sink.url}/${path}`;
  const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
  // Nothing waits for more changes, so that a test need not.
  const now = { coalesce: '0s' };
  return {
    sink,
    targets: [
      { name: 'ci', kind: 'webhook', url: at('ok/of/ci'), secret },
      { ...now, name: 'watchtower', kind: 'watchtower', url: at('down'), token: secretToken },
      { ...now, name: 'flux', kind: 'flux', url: at('gone/of/flux') },
      { name: 'keel', kind: 'keel', url: at('ok') },
      { ...now, name: 'a-target-with-quite-a-long-name.and-another-part', kind: 'exec', command: ['true'] },
      { name: 'slow', kind: 'webhook', url: at('hang'), secret, repository: ['nothing/*'], timeout: '1h' },
    ],
    close: () => sink.close(),
  };
}
