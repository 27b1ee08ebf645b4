import { expect, test } from 'vitest';
import type { Normalised } from '../../../../src/source/webhook/collector.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import { Receiver } from '../../../../src/source/webhook/receive.ts';
import { allFixtures, type Fixture, hookOf, standingClock } from '../../../support/webhook.ts';
import { expectations } from '../../../support/webhook-expectations.ts';

const dependencies = {
  clock: standingClock,
  fetchText: () => Promise.reject(new Error('offline')),
};

async function receive(fixture: Fixture, hook: HookOptions = hookOf(fixture)): Promise<Normalised> {
  const receiver = new Receiver(hook, dependencies);
  const incoming = { ...fixture, pathToken: hook.pathToken };
  await receiver.admit(incoming);
  return receiver.read(incoming);
}

/** The key is opaque; that it is there, the same for a repetition and short is what counts. */
function withoutKey(list: readonly object[]): object[] {
  return list.map((entry) =>
    'dedupeKey' in entry && entry.dedupeKey !== null ? { ...entry, dedupeKey: undefined } : entry,
  );
}

const fixtures = allFixtures();

test('every fixture has an expectation', () => {
  expect(fixtures.map(({ name }) => name).sort()).toEqual(Object.keys(expectations).sort());
});

for (const fixture of fixtures) {
  test(`${fixture.name} verifies byte for byte and yields exactly what its registry did`, async () => {
    const said = await receive(fixture);
    const expected = expectations[fixture.name];
    expect({
      observations: withoutKey(said.observations),
      incomplete: withoutKey(said.incomplete),
      ignored: said.ignored,
      follow: said.follow,
    }).toEqual({ observations: [], incomplete: [], ignored: [], follow: undefined, ...expected });
    expect(await receive(fixture)).toEqual(said);
    for (const { dedupeKey } of [...said.observations, ...said.incomplete]) {
      if (dedupeKey !== null) expect(dedupeKey).toMatch(new RegExp(`^${fixture.kind}:[\\w-]{22}t?$`));
    }
  });

  test(`${fixture.name} goes to the host that the hook names, where it names one`, async () => {
    const hook = { ...hookOf(fixture), registry: 'Mirror.Example.test:5001' };
    const said = await receive(fixture, hook);
    for (const { registry } of [...said.observations, ...said.incomplete]) {
      expect(registry).toBe('mirror.example.test:5001');
    }
  });

  test(`${fixture.name} is refused with one byte of whitespace more, where its body is signed`, async () => {
    const longer = { ...fixture, body: Buffer.concat([fixture.body, Buffer.from(' ')]) };
    const refused = receive(longer).then(
      () => 'taken',
      (error) => error.code,
    );
    const signsBody = hookOf(fixture).secret !== undefined;
    expect(await refused).toBe(signsBody ? 'UNAUTHORIZED' : 'taken');
  });
}
