import { type FakeRegistryOptions, startFakeRegistry } from '../support/fake-registry.ts';
import { type AnyRegistry, pollsRegistry } from './registry.ts';

async function open(options: FakeRegistryOptions): Promise<AnyRegistry> {
  const fake = await startFakeRegistry(options);
  return {
    host: fake.host,
    push: async (repository, tag, content) => fake.push(repository, tag, content).digest,
    remove: async (repository, tag) => fake.remove(repository, tag),
    close: () => fake.close(),
  };
}

pollsRegistry('the fake registry', () => open({ pageSize: 2 }));
pollsRegistry('the fake registry with tokens and absolute links', () =>
  open({ bearer: true, pageSize: 1, link: 'absolute' }),
);
