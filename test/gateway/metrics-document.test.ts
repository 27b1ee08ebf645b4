/** What /metrics of a running gateway shows is in docs/metrics.md, with the same type. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startGateway } from '../support/gateway.ts';

it('docs/metrics.md has every metric that a gateway registers, and all of its rows but those of Redis', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-metrics-'));
  const gateway = await startGateway({
    ledger: `sqlite:${join(folder, 'manifeed.db')}`,
    registries: [{ host: 'registry.example.com', endpoint: 'http://127.0.0.1:9', plainHttp: true }],
  });
  try {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    const shown = [...text.matchAll(/^# TYPE (manifeed_\w+) (\w+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    const rows = readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(manifeed_\w+)` \| (\w+) \|/gm);
    const documented = [...rows].map(([, name, type]) => `${name} ${type}`);
    const expected = documented.filter((row) => !row.startsWith('manifeed_ledger_redis_'));
    expect(shown.sort()).toEqual(expected.sort());
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
