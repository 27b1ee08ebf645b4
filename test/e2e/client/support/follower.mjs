/** Follows with the installed `manifeed-client`: the same file runs in Node and in a page. */
import { openFeed } from 'manifeed-client';

/** What a test can know of a feed: everything is plain JSON. */
export function follow({ url, transport, filter, after, tokens = [], jitter = 0.02, table = false }) {
  const told = { events: [], statuses: [], ended: null, rows: null, asked: 0 };
  const next = () => tokens[Math.min(told.asked++, tokens.length - 1)];
  const token = tokens.length === 0 ? undefined : next;
  const feed = openFeed(url, { transport, token, random: () => jitter });
  feed.on('status', (status) => told.statuses.push(plain(status)));
  const run = table ? keep(feed, filter, told) : collect(feed.events(filter, { after }), told);
  run.then(
    () => {
      told.ended = { code: null };
    },
    (error) => {
      told.ended = plainError(error);
    },
  );
  return { told, reconnect: () => feed.reconnect(), close: () => feed.close() };
}

async function collect(events, told) {
  for await (const event of events) told.events.push(event);
}

async function keep(feed, filter, told) {
  const table = feed.tags(filter);
  const show = () => {
    told.rows = Object.fromEntries(table);
  };
  table.on('update', show);
  await table.ready;
  show();
}

function plain(status) {
  if (status.state === 'waiting') return { ...status, why: plainError(status.why) };
  return status.state === 'closed' && status.error ? { ...status, error: plainError(status.error) } : status;
}

function plainError({ code, status, closeCode, retryable, detail, message }) {
  return { code, status, closeCode, retryable, detail, message };
}
