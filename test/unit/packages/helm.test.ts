/** deploy/helm/manifeed, as far as it can be checked without Helm. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../../src/config/config.ts';
import { shownValues } from '../../support/chart-values.ts';

const read = (name: string) => readFileSync(`deploy/helm/manifeed/${name}`, 'utf8');
const values = z.looseObject({ config: z.looseObject({}) }).parse(parse(read('values.yaml')));

describe('the Helm chart', () => {
  it('is of the version of the package', () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')));
    expect(parse(read('Chart.yaml'))).toMatchObject({ name: 'manifeed', appVersion: version });
  });

  it('has default values that become a configuration once access is set', () => {
    const readFile = () => JSON.stringify({ ...values.config, access: 'open' });
    const config = loadConfig({ argv: ['--config', 'm.yaml'], env: {}, readFile });
    expect(config.listen).toEqual({ host: '0.0.0.0', port: 8_080 });
  });

  it('has values in docs/operating.md whose configuration a gateway accepts', () => {
    const env = { REDIS_PASSWORD: 'r', REGISTRY_PASSWORD: 'p', HOOK_TOKEN: 't' };
    const readFile = () => JSON.stringify(shownValues().config);
    const config = loadConfig({ argv: ['--config', 'm.yaml'], env, readFile });
    expect(config.ledger).toMatchObject({ kind: 'redis', password: 'r' });
  });

  it('describes each value in its schema, and no other', () => {
    const schema = z.object({ properties: z.record(z.string(), z.unknown()) });
    const known = Object.keys(schema.parse(JSON.parse(read('values.schema.json'))).properties);
    expect(known.filter((name) => name !== 'global').sort()).toEqual(Object.keys(values).sort());
  });

  it('has the alerts of deploy/prometheus: a chart can read only files inside itself', () => {
    expect(read('files/rules.yaml')).toBe(readFileSync('deploy/prometheus/rules.yaml', 'utf8'));
  });

  it('works in the folder of the image, as its user, and begins the program of the image', () => {
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    expect(dockerfile).toMatch(/^WORKDIR \/manifeed$/m);
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["node", "\/app\/dist\/src\/main\.js"\]$/m);
    const pod = read('templates/_pod.tpl');
    expect(pod).toContain('args: [serve, --config, /etc/manifeed/manifeed.yaml]');
    // The user "node" of the image node.
    expect(pod).toContain('runAsUser: 1000');
  });
});
