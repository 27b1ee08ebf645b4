// @needs helm
/** deploy/helm/manifeed, as Helm renders it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/config/config.ts';
import { shownValues } from '../../support/chart-values.ts';
import { helm, notes, type Objects, refusal, render } from './chart.ts';

/** How the file refers to a variable. */
const variable = (name: string) => `\${${name}}`;
const open = { config: { listen: '0.0.0.0:8080', access: 'open' } };
const redis = {
  config: { ...open.config, ledger: { url: 'redis://redis:6379/0', password: variable('REDIS_PASSWORD') } },
};

it('the values that docs/operating.md shows are rendered', () => {
  const objects = render(shownValues());
  expect(objects.Deployment?.spec).toMatchObject({ replicas: 3 });
  expect(container(objects).envFrom).toEqual([{ secretRef: { name: 'manifeed' } }]);
});

describe('helm lint', () => {
  it.each([
    ['SQLite', open],
    ['Redis', redis],
  ])('finds no fault with %s', (_name, values) => {
    const { status, stdout } = helm(['lint', '--strict'], values);
    expect([status, stdout]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
  });
});

describe('the configuration', () => {
  it('reaches the gateway as it was written', () => {
    const values = {
      config: {
        listen: '[::]:9000',
        'drain.window': '90s',
        retention: { maxChanges: 2_000_000 },
        registries: [
          { host: 'registry.example.com', username: 'reader', password: variable('REGISTRY_PASSWORD') },
        ],
        access: [{ name: 'a', sha256: `${'0'.repeat(60)}1e10`, repositories: ['**'] }],
      },
    };
    const objects = render(values);
    const text = objects.ConfigMap.data['manifeed.yaml'] ?? '';
    const env = { REGISTRY_PASSWORD: 'secret' };
    const config = loadConfig({ argv: ['--config', 'm.yaml'], env, readFile: () => text });
    const written = loadConfig({
      argv: ['--config', 'm.yaml'],
      env,
      readFile: () => JSON.stringify(values.config),
    });
    expect(config).toEqual(written);
    expect(container(objects).ports).toEqual([{ name: 'http', containerPort: 9_000 }]);
    expect(pod(objects).terminationGracePeriodSeconds).toBe(110);
  });

  it('starts the pods again when it changes', () => {
    const [one, two] = [open, { config: { ...open.config, drain: { window: '20s' } } }].map(
      (values) => workload(render(values)).spec.template.metadata.annotations['manifeed/config'],
    );
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(two).not.toBe(one);
  });

  it('takes variables from Secrets only by name', () => {
    const envFrom = [{ configMapRef: { name: 'more' } }];
    const objects = render({ ...redis, existingSecret: 'passwords', envFrom });
    expect(container(objects).envFrom).toEqual([{ secretRef: { name: 'passwords' } }, ...envFrom]);
    expect(container(objects).env).toBeUndefined();
    expect(Object.keys(objects)).not.toContain('Secret');
  });
});

describe('the pods', () => {
  it('are one of a StatefulSet, with a volume where the file is, if the ledger is SQLite', () => {
    const objects = render(open);
    expect(objects.Deployment).toBeUndefined();
    expect(objects.StatefulSet?.spec).toMatchObject({ replicas: 1, podManagementPolicy: 'Parallel' });
    expect(container(objects).volumeMounts).toContainEqual({ name: 'ledger', mountPath: '/manifeed/data' });
    expect(objects.StatefulSet?.spec.volumeClaimTemplates?.map(({ metadata }) => metadata.name)).toEqual([
      'ledger',
    ]);
    const elsewhere = render({ config: { ...open.config, 'ledger.url': 'sqlite:/var/ledger/m.db' } });
    expect(container(elsewhere).volumeMounts).toContainEqual({ name: 'ledger', mountPath: '/var/ledger' });
  });

  it.each([
    ['a URL', { ledger: 'rediss://redis:6379/0' }],
    ['a section', { ledger: { url: 'redis://redis:6379/0' } }],
    ['a dotted key', { 'ledger.url': 'redis://redis:6379/0' }],
    ['Sentinels', { ledger: { sentinels: ['sentinel:26379'] } }],
    ['a cluster', { 'ledger.cluster': ['node:6379'] }],
  ])('are of a Deployment that replaces one at a time if Redis is given as %s', (_name, ledger) => {
    const objects = render({ replicas: 3, config: { ...open.config, ...ledger } });
    expect(objects.StatefulSet).toBeUndefined();
    expect(objects.Deployment?.spec).toMatchObject({
      replicas: 3,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    expect(container(objects).volumeMounts.map(({ name }) => name)).toEqual(['config']);
  });

  it('have no volume with a ledger in memory', () => {
    const objects = render({ config: { ...open.config, ledger: 'memory' } });
    expect(objects.StatefulSet?.spec.volumeClaimTemplates).toBeUndefined();
    expect(container(objects).volumeMounts.map(({ name }) => name)).toEqual(['config']);
  });

  it.each([
    ['500ms', 21],
    ['1.5s', 22],
    ['2m', 140],
    ['1h', 3_620],
  ])('have 20 s more than a drain.window of %s before they are killed', (window, seconds) => {
    const objects = render({ config: { ...open.config, drain: { window } } });
    expect(pod(objects).terminationGracePeriodSeconds).toBe(seconds);
  });

  it('have 20 s more than the default drain.window too', () => {
    const { drain } = loadConfig({ env: {} });
    expect(pod(render(open)).terminationGracePeriodSeconds).toBe(drain.windowMs / 1_000 + 20);
  });

  it.each([
    ['SQLite', open],
    ['Redis', redis],
  ])('fit the restricted Pod Security Standard and write to volumes alone, with %s', (_name, values) => {
    const objects = render(values);
    expect(pod(objects)).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1_000, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container(objects).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const volume of pod(objects).volumes)
      expect(Object.keys(volume).sort()[0]).toMatch(/^(configMap|emptyDir)$/);
  });

  it('are asked often whether they are ready, and killed only after two minutes without an answer', () => {
    const { readinessProbe: ready, livenessProbe: alive, startupProbe: begun } = container(render(open));
    expect([ready, alive, begun].map(({ httpGet }) => httpGet.path)).toEqual([
      '/readyz',
      '/healthz',
      '/healthz',
    ]);
    expect(ready.periodSeconds * ready.failureThreshold).toBeLessThanOrEqual(5);
    expect(alive.periodSeconds * alive.failureThreshold).toBeGreaterThanOrEqual(120);
    expect(begun.periodSeconds * begun.failureThreshold).toBeGreaterThanOrEqual(600);
  });
});

describe('the way in', () => {
  it('is a Service that finds the pods, and a route without timeouts', () => {
    const objects = render({
      ...open,
      httpRoute: { enabled: true, parentRefs: [{ name: 'web' }], hostnames: ['feed.example.com'] },
    });
    const { labels } = workload(objects).spec.template.metadata;
    expect(labels).toMatchObject(objects.Service.spec.selector);
    expect(workload(objects).spec.selector.matchLabels).toEqual(objects.Service.spec.selector);
    const name = objects.Service.metadata.name;
    expect(objects.HTTPRoute?.spec.rules).toEqual([
      { backendRefs: [{ name, port: 8_080 }], timeouts: { request: '0s', backendRequest: '0s' } },
    ]);
    expect(render(open).HTTPRoute).toBeUndefined();
  });

  it('lets the Prometheus operator read the metrics with a token of a Secret', () => {
    const tokenSecret = { name: 'prometheus', key: 'token' };
    const objects = render({ ...open, serviceMonitor: { enabled: true, tokenSecret } });
    expect(objects.Service.metadata.labels).toMatchObject(
      objects.ServiceMonitor?.spec.selector.matchLabels ?? { absent: '' },
    );
    expect(objects.ServiceMonitor?.spec.endpoints).toEqual([
      { port: 'http', path: '/metrics', interval: '30s', authorization: { credentials: tokenSecret } },
    ]);
    expect(render(open).ServiceMonitor).toBeUndefined();
  });
});

describe('the alerts', () => {
  const rules: { groups: unknown[] } = parse(readFileSync('deploy/prometheus/rules.yaml', 'utf8'));

  it('are those of deploy/prometheus, with their braces, once they are switched on', () => {
    const labels = { release: 'prometheus' };
    const objects = render({ ...open, prometheusRule: { enabled: true, labels } });
    expect(objects.PrometheusRule?.spec).toEqual(rules);
    expect(objects.PrometheusRule?.metadata.labels).toMatchObject(labels);
    expect(render(open).PrometheusRule).toBeUndefined();
  });

  it('find the gateways that the ServiceMonitor has scraped: their job is called manifeed', () => {
    const objects = render({ ...open, serviceMonitor: { enabled: true } });
    const label = objects.ServiceMonitor?.spec.jobLabel ?? '';
    expect(objects.Service.metadata.labels[label]).toBe('manifeed');
  });

  it('lead to the documents where docsUrl says that they are', () => {
    const docsUrl = 'https://wiki.example.com/manifeed/';
    const objects = render({ ...open, prometheusRule: { enabled: true, docsUrl } });
    const text = JSON.stringify(objects.PrometheusRule?.spec);
    expect(text).toContain(`"runbook_url":"${docsUrl}monitoring.md#manifeeddown"`);
    expect(text).not.toContain('manifeed.example.com');
  });
});

describe('the notes', () => {
  it('say which names a gateway with open access answers to, and where the ledger is', () => {
    const text = notes(open);
    expect(text).toContain('Set\nconfig.hosts to the names in use, such as feed-manifeed.tools.svc.');
    expect(text).toContain('the volume ledger-feed-manifeed-0.');
    expect(text).toContain('no hook exists beyond loopback');
    expect(text).toContain('\n  curl -N http://127.0.0.1:8080/v1/events\n');
  });

  it('say none of that where it is not so, and how to follow with a token', () => {
    const text = notes(shownValues());
    expect(text).toContain('--follow deployment/feed-manifeed\n');
    expect(text).toContain('\n  curl -N -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/v1/events\n');
    expect(text).not.toMatch(/hosts|volume|no hook|memory|trustProxy/);
  });

  it('warn of a route without trustProxy, and of a ledger that is not kept', () => {
    const httpRoute = { enabled: true, parentRefs: [{ name: 'web' }] };
    const text = notes({ httpRoute, config: { ...open.config, ledger: 'memory' } });
    expect(text).toContain('all clients that come through the route count as one address');
    expect(text).toContain('after each restart, every subscriber is reset');
  });
});

describe('what cannot run is not rendered', () => {
  it.each<[string, object, RegExp]>([
    ['replicas on SQLite', { ...open, replicas: 2 }, /replicas: 2: must be 1 with a ledger in sqlite/],
    [
      'replicas on memory',
      { replicas: 2, config: { ...open.config, ledger: 'memory' } },
      /replicas: 2: must be 1 with a ledger in memory/,
    ],
    ['no access', {}, /config\.access: missing: must be a list of tokens .* or open/],
    ['a gateway on loopback', { config: { listen: '127.0.0.1:8080', access: 'open' } }, /listen/],
    [
      'a ledger that a variable decides',
      { config: { ...open.config, ledger: variable('LEDGER') } },
      /config\.ledger: must be memory, or begin with sqlite:/,
    ],
    [
      'a ledger beside the program',
      { config: { ...open.config, ledger: 'sqlite:m.db' } },
      /config\.ledger: the file is in \/manifeed: must be in a folder of its own/,
    ],
    [
      'a drain.window that is no duration',
      { config: { ...open.config, drain: { window: '10' } } },
      /config\.drain\.window: "10": must be a duration/,
    ],
    ['an unknown value', { ...open, replica: 2 }, /replica/],
    [
      'a token without its key',
      { ...open, serviceMonitor: { enabled: true, tokenSecret: { name: 'prometheus' } } },
      /serviceMonitor\.tokenSecret\.key: missing/,
    ],
    ['documents without a folder', { ...open, prometheusRule: { docsUrl: 'wiki' } }, /docsUrl/],
    ['a route to no gateway', { ...open, httpRoute: { enabled: true } }, /parentRefs/],
  ])('%s', (_name, values, reason) => {
    expect(refusal(values)).toMatch(reason);
  });
});

function workload(objects: Objects) {
  const found = objects.Deployment ?? objects.StatefulSet;
  if (found === undefined) throw new Error('render manifeed: no Deployment and no StatefulSet');
  return found;
}

function pod(objects: Objects) {
  return workload(objects).spec.template.spec;
}

function container(objects: Objects) {
  const [first] = pod(objects).containers;
  if (first === undefined) throw new Error('render manifeed: no container');
  return first;
}
