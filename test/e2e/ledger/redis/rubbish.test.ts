// @needs redis-server
import { afterEach, expect, test } from 'vitest';
import { countingMetrics } from '../../../support/counting-metrics.ts';
import { tagSeen } from '../../../support/ledger-samples.ts';
import { recordingLog } from '../../../support/recording-log.ts';
import { freshPrefix, listen, redisBench, sequences } from '../../../support/redis-ledger.ts';
import { badRows, row, rowDigest } from '../../../support/redis-rows.ts';
import { until } from '../../../support/until.ts';

const { start, open, cleanUp } = redisBench();
afterEach(cleanUp);

test('rubbish on the channel is dropped, counted and logged in few lines; the stream is read instead', async () => {
  const redis = await start();
  const [metrics, log] = [countingMetrics(), recordingLog()];
  const ledger = await open({ url: redis.url, keyPrefix: freshPrefix(), metrics, log });
  const heard = listen(ledger);
  const { epoch } = await ledger.bounds();
  const [channel = ''] = (await redis.admin.call('PUBSUB', 'SHARDCHANNELS')) as string[];
  const messages = badRows.map(([, members]) => `${epoch} 1 1\n${JSON.stringify([row(members)])}`);
  messages.push(`${epoch} 1 2\n${JSON.stringify([row()])}`, 'rubbish', `${epoch} 1 9007199254740990\n`);
  for (const message of messages) await redis.admin.call('SPUBLISH', channel, message);
  await ledger.record([tagSeen('t', 'one', Date.now())]);
  await until('the change', () => heard.changes.length > 0);
  expect(sequences(heard.changes)).toEqual([1]);
  expect(heard.changes[0]?.digest).toBe(rowDigest);
  expect(heard.resets).toEqual([]);
  expect(metrics.value('ledger_redis_damaged_total')).toBeGreaterThan(0);
  expect(log.lines.filter(({ message }) => message.includes('not what a gateway stored'))).toHaveLength(1);
});
