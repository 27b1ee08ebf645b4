// @needs docker-registry
import { startDockerRegistry } from '../support/docker-registry.ts';
import { pollsRegistry } from './registry.ts';

pollsRegistry('the real docker-registry', async () => {
  const real = await startDockerRegistry();
  const digests = new Map<string, string>();
  return {
    host: real.host,
    async push(repository, tag, content) {
      const { digest } = await real.push(repository, tag, content);
      digests.set(`${repository}:${tag}`, digest);
      return digest;
    },
    remove: (repository, tag) => real.deleteManifest(repository, digests.get(`${repository}:${tag}`) ?? ''),
    close: () => real.close(),
  };
});
