/** A gateway with fewer open files than its limits ask for. */
import { afterEach, describe, expect, it } from 'vitest';
import { parseOpenFiles, roomForSockets } from '../../../src/access/descriptors.ts';
import { startChild } from '../../support/child.ts';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { openRaw } from '../../support/raw-http.ts';
import { openSse } from '../../support/sse-client.ts';
import { of } from '../../support/stream-client.ts';
import { until } from '../../support/until.ts';

describe('roomForSockets', () => {
  it('gives everything where there are open files for it', () => {
    const wanted = { subscribers: 19_000, others: 2_200 };
    for (const openFiles of [21_456, 1_048_576, Number.POSITIVE_INFINITY]) {
      expect(roomForSockets(wanted, openFiles)).toEqual({
        subscribers: 19_000,
        sockets: 21_200,
        shortage: null,
      });
    }
  });

  it.each([8, 100, 1_024, 4_096, 21_455])('keeps some for webhooks and for itself of %i', (openFiles) => {
    const { subscribers, sockets, shortage } = roomForSockets(
      { subscribers: 19_000, others: 2_200 },
      openFiles,
    );
    expect(sockets).toBeLessThan(openFiles);
    expect(subscribers).toBeGreaterThan(0);
    expect(sockets - subscribers).toBeGreaterThanOrEqual(Math.min(2_200, Math.floor(sockets / 4)));
    expect(shortage).toMatch(
      /limits\.connections 19000 needs 21456 open files.*raise the limit .*LimitNOFILE/,
    );
  });

  it('never takes more subscribers than limits.connections', () => {
    expect(roomForSockets({ subscribers: 10, others: 1_000 }, 1_024).subscribers).toBe(10);
  });

  it('reads what the kernel says', () => {
    expect(
      parseOpenFiles('Max processes   1  2 processes\nMax open files            1024     524288   files\n'),
    ).toBe(1_024);
    expect(parseOpenFiles('Max open files            unlimited     unlimited   files\n')).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(parseOpenFiles('')).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a gateway that may open few files', () => {
  let gateway: Gateway;
  const opened: { close(): void }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) each.close();
    await gateway?.close();
  });

  it('says so, takes no more subscribers than fit, and webhooks as ever', async () => {
    gateway = await startGateway({}, { openFiles: 40 });
    expect(gateway.logs()).toContain('limits.connections 17500 needs');
    // 40, less a quarter for itself, less a quarter of the rest for others.
    for (let n = 0; n < 22; n++) {
      const client = await openSse(gateway.port);
      opened.push(client);
      await client.inbox.until(of('ready'));
    }
    await expect(openSse(gateway.port)).rejects.toMatchObject({ refusal: { code: 'TOO_MANY_CONNECTIONS' } });
    await gateway.publish({ reference: 'r.test/app:1', digest: digest('1') });
  });

  it('says once a minute that it closes connections, and counts them', async () => {
    gateway = await startGateway({}, { openFiles: 40 });
    const all = await Promise.all(Array.from({ length: 50 }, () => openRaw(gateway.port)));
    opened.push(...all);
    await Promise.all(all.slice(30).map((each) => each.ended()));
    const lines = gateway
      .logs()
      .split('\n')
      .filter((line) => line.includes('accept connection: 30 are open'));
    expect(lines).toHaveLength(1);
    for (const each of opened.splice(0)) each.close();
    const dropped = () => gateway.metric(/^manifeed_sockets_dropped_total/);
    await until('20 to be counted', async () => (await dropped()) >= 20);
  });

  it('asks the kernel how many, unless told', async () => {
    const main = new URL('../../../src/main.ts', import.meta.url).pathname;
    const serve = `exec "${process.execPath}" "${main}" serve --listen 127.0.0.1:0 --ledger memory:`;
    const child = startChild('sh', ['-c', `ulimit -n 300; ${serve}`]);
    await child.says('manifeed is listening');
    await child.stop('SIGKILL');
    expect(child.output()).toMatch(/"level":"warn".*this process may have 300: takes \d+ subscribers/);
  });
});
