/** Follows over each transport until each has brought a change. Runs in Node, Deno and Bun. */
import { openFeed } from 'manifeed-client';
import { fileStore } from 'manifeed-client/node';

const [url, folder] = globalThis.process.argv.slice(2);
const transports = ['websocket', 'sse', 'long-poll'];
const say = (line) => console.log(JSON.stringify(line));

await Promise.all(
  transports.map(async (transport) => {
    const store = fileStore(`${folder}/${transport}`);
    const feed = openFeed(url, { transport, store });
    for await (const event of feed.events({ repository: 'r.test/app' })) {
      say({ transport, kind: event.kind, tag: event.change?.tag });
      if (event.change?.tag === 'last') break;
    }
    await feed.close();
    say({ transport, kind: 'saved', tag: await store.load() });
  }),
);
