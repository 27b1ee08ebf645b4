// Receives what a target of kind `webhook` sends (Standard Webhooks 1.0), verifies it, and prints it. Needs only
// Node 22.19 or newer: WEBHOOK_SECRET=whsec_… node examples/targets/receiver.mjs
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const key = Buffer.from((process.env.WEBHOOK_SECRET ?? '').replace('whsec_', ''), 'base64');
if (key.length < 24) throw new Error('WEBHOOK_SECRET: must be whsec_ and 24 bytes or more as base64');
const maxBytes = 65_536;
const maxAgeSeconds = 300; // Nobody can send a recorded message again later.
const seen = new Set(); // To act once over restarts too, keep the ids in a file or database.

function isSigned(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': sentAt, 'webhook-signature': signatures = '' } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(sentAt)) < maxAgeSeconds)) return false;
  const wanted = createHmac('sha256', key).update(`${id}.${sentAt}.${body}`).digest();
  return signatures.split(' ').some((each) => {
    const given = Buffer.from(each.replace(/^v1,/, ''), 'base64');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

function act({ type, data }) {
  if (type === 'reset') console.log(`Changes may be missing (${data.reason}): look at the tags.`);
  else console.log(`${type} ${data.registry}/${data.repository}:${data.tag} ${data.digest}`);
}

async function receive(request, response) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) if (body.length <= maxBytes) body += chunk;
  if (body.length > maxBytes) return response.writeHead(413).end();
  if (!isSigned(request.headers, body)) return response.writeHead(401).end();
  const id = request.headers['webhook-id'];
  if (!seen.has(id)) act(JSON.parse(body));
  seen.add(id);
  if (seen.size > 1_000) seen.delete(seen.values().next().value);
  response.writeHead(204).end(); // Only now: what is not answered with 2xx comes again.
}

createServer((request, response) => {
  receive(request, response).catch(() => response.destroy());
}).listen(Number(process.env.PORT ?? 9000), '127.0.0.1');
