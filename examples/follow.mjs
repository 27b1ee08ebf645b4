// Follows repositories over WebSocket. Needs only Node 22.19 or newer: node examples/follow.mjs nginx 'ghcr.io/team/**'
const gateway = process.env.MANIFEED_URL ?? 'http://127.0.0.1:8080';
const repository = process.argv.length > 2 ? process.argv.slice(2) : ['nginx'];
const access_token = process.env.MANIFEED_TOKEN;
let after; // Save it to continue from here after a restart.
let failures = 0;

function follow() {
  let retryMs;
  const socket = new WebSocket(`${gateway}/v1/socket`, 'manifeed.v1');
  socket.onopen = () => {
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', repository, after, access_token }));
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === 'change') onChange(message.change);
    after = message.resume ?? message.position ?? after; // Where to resume.
    onOther(message);
  };
  socket.onclose = ({ code, reason }) => {
    clearTimeout(silent);
    if (code >= 4000 && code < 4100) throw new Error(`The gateway refused: ${code} ${reason}`);
    const longest = Math.min(60_000, 2_000 * 2 ** failures++);
    setTimeout(follow, retryMs ?? Math.random() * longest);
  };

  const silent = setTimeout(() => socket.close(), 60_000); // Three heartbeats without a message.
  function onOther(message) {
    silent.refresh();
    if (message.type === 'ready') failures = 0;
    if (message.type === 'bye') retryMs = message.retryMs;
    if (message.type === 'error') console.error(message.message);
    if (message.type === 'reset') console.error(`Changes are missing (${message.reason}): look at the tags.`);
  }
}

function onChange({ type, registry, repository, tag, digest }) {
  console.log(`${type} ${registry}/${repository}:${tag} ${digest}`);
}

follow();
