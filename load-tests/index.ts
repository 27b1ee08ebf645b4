/**
 * What questions cost when the ledger is large: of the index and the log, at the ledger and over HTTP; HEADs of the
 * facade, compared with a bare fastify route; update checks and diffs; and the gateway's memory, compared with a ledger
 * of a hundredth of the tags.
 *
 *   npx node load-tests/index.ts [--ledger sqlite|redis] [--tags 1000000] [--changes 5000000] [--times 200]
 *     [--seconds 10]
 *
 * It imports the ledger into a temporary file, or into a redis-server that it starts: some minutes, and 2 GB of disk or
 * 5 GB of memory. The gateway runs on core 0, what asks it on core 1.
 */
import { canPin } from './bench/child.ts';
import { progress } from './bench/progress.ts';
import { writeResults } from './bench/results-file.ts';
import { GatewayBench, startOver } from './index/at-gateway.ts';
import { measureLedger } from './index/at-ledger.ts';
import { Client } from './index/client.ts';
import { Content, type Extent } from './index/content.ts';
import { parseIndexOptions } from './index/options.ts';
import { Pick } from './index/queries.ts';
import { rowsOf } from './index/rows.ts';
import { makeStore, type OpenLedger, type Store } from './index/stores.ts';
import { headsTable, queriesTable, requestsTable } from './index/tables.ts';

const askerCore = 1;
const mib = (kib: number) => (kib / 1_024).toFixed(0);

const options = parseIndexOptions(process.argv.slice(2));
const { ledger: kind, times, seconds } = options;

/** Fills a ledger, measures it, and then a gateway over it. */
async function measure<L, G>(
  extent: Extent,
  atLedger: (ledger: OpenLedger, pick: Pick, store: Store) => Promise<L>,
  atGateway: (bench: GatewayBench) => Promise<G>,
): Promise<readonly [L, G]> {
  const content = new Content(extent, Date.now());
  const store = await makeStore(kind);
  try {
    progress(`${kind}: importing ${extent.changes} changes of ${extent.tags} tags`);
    const ledger = await store.open();
    const found = await ledger
      .importRows(rowsOf(content))
      .then(() => atLedger(ledger, new Pick(content), store))
      .finally(() => ledger.close());
    const gateway = await startOver(store);
    const client = new Client(askerCore);
    try {
      return [found, await atGateway(new GatewayBench(gateway, client, new Pick(content), store.pid))];
    } finally {
      await Promise.all([client.close(), gateway.close()]);
    }
  } finally {
    await store.remove();
  }
}

if (!canPin()) progress('taskset is not here: gateway and asker share all cores, figures will be noisy');
const [, smallKib] = await measure(
  options.small,
  async () => {},
  (bench) => bench.memoryKib(),
);
const [atLedger, atGateway] = await measure(
  options.extent,
  async (ledger, pick, store) => {
    progress('asking the ledger');
    return { queries: await measureLedger(ledger, pick, times, store.pid), bytes: await store.size() };
  },
  async (bench) => {
    progress('reading memory');
    const kib = await bench.memoryKib();
    progress('asking the gateway');
    const queries = await bench.queries(times);
    const requests = await bench.requests(times);
    progress('sending HEADs');
    return { kib, queries, requests, heads: await bench.heads(seconds) };
  },
);

process.stdout.write(
  `\n${[
    queriesTable(kind, atLedger.queries, atGateway.queries),
    requestsTable(atGateway.requests),
    headsTable(atGateway.heads),
    `The ledger takes ${mib(atLedger.bytes / 1_024)} MiB. The gateway takes ${mib(smallKib)} MiB over ` +
      `${options.small.tags} tags, and ${mib(atGateway.kib)} MiB over ${options.extent.tags}, after the same work.`,
  ].join('\n\n')}\n\n`,
);
progress(`written to ${await writeResults('index', { options, smallKib, atLedger, atGateway })}`);
