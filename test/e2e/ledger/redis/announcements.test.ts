// @needs redis-server
/** One call's changes, whatever their number: the caller gets all of them, and every other gateway hears them. */
import { afterEach, expect, test } from 'vitest';
import { tagSeen } from '../../../support/ledger-samples.ts';
import { freshPrefix, listen, range, redisBench } from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';

const { start, open, cleanUp } = redisBench();
afterEach(cleanUp);

test('changes of one call reach the caller and the others, of any number', async () => {
  const { url } = await start();
  const keyPrefix = freshPrefix();
  const [a, b] = [await open({ url, keyPrefix }), await open({ url, keyPrefix })];
  const heard = listen(b);
  let head = 0;
  for (const count of [1, 2, 15, 16, 17, 32, 33, 255, 256, 257, 273, 1_000]) {
    const pushes = range(1, count).map((i) => tagSeen(`t${i}`, `${count} ${i}`, Date.now()));
    const { changes } = await a.record(pushes);
    head += count;
    expect(changes.map(({ sequence }) => sequence)).toEqual(range(head - count + 1, head));
    expect(changes.map(({ tag, digest }) => [tag, digest])).toEqual(
      pushes.map(({ tag, digest }) => [tag, digest]),
    );
    await until(`${count} changes to be heard`, () => heard.changes.length === head);
    expect(heard.changes.slice(-count)).toEqual(changes);
  }
  expect(heard.resets).toEqual([]);
});
