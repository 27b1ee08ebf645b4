/** What `${VAR}` stands for in a target is one of its secrets, wherever it stands; and so is a header. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, type Settings, startGateway } from '../../support/gateway.ts';
import { SinkServer } from '../../support/sink-server.ts';

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const secret = 'hunter2-and-more';

async function test(members: Settings, isDry: boolean): Promise<{ gateway: Gateway; body: string }> {
  // It repeats what it got, as many tools do.
  const sink = await SinkServer.start(({ body, headers }) => ({
    ...{ status: 500, body: `no <${body}> <${headers['x-key']}>` },
  }));
  const target = { name: 'a', ...(members.kind === 'exec' ? {} : { url: sink.url }), ...members };
  const gateway = await startGateway({ targets: [target] }, {}, { TOPIC: secret });
  ends.push(
    () => gateway.close(),
    () => sink.close(),
  );
  await gateway.publish({ reference: 'nginx:1.27' });
  const answer = await fetch(`${gateway.url}/v1/targets/a/test`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reference: 'nginx:1.27', dryRun: isDry }),
  });
  return { gateway, body: await answer.text() };
}

describe('what a variable puts into a target', () => {
  it.each<Settings>([
    { kind: 'http', json: { topic: `\${TOPIC}`, text: [`in \${TOPIC}`] } },
    { kind: 'http', form: { topic: `\${TOPIC}` } },
    { kind: 'http', text: `to \${TOPIC}: \${change.tag}` },
    { kind: 'http', headers: { 'x-key': `$\${change.tag}hunter2` }, text: `\${TOPIC}` },
    {
      kind: 'exec',
      command: [process.execPath, '-e', 'console.log(process.argv[1]); process.exit(1)', `\${TOPIC}`],
    },
  ])('is in no answer, dry run or log: %j', async (members) => {
    for (const isDry of [true, false]) {
      const { gateway, body } = await test(members, isDry);
      expect(body).toContain('***');
      expect(body).not.toContain('hunter2');
      expect(await (await fetch(`${gateway.url}/v1/targets`)).text()).not.toContain('hunter2');
      expect(gateway.logs()).not.toContain('hunter2');
    }
  });
});
