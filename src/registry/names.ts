/**
 * Which repository a request under `/v2` names. The registry comes by `?ns=` (mirrors of docker and containerd), by
 * the path before `/v2/`, or by the first component of the name; otherwise it is the default registry.
 */
import {
  canonicalRegistry,
  canonicalRepository,
  isPathSegment,
  maxRepositoryLength,
  type RepositoryName,
} from '../event/reference.ts';
import { badParameter, nameInvalid } from './errors.ts';

/** What a request says about its registry besides the name. */
export interface Base {
  /** Canonical host that `?ns=` or the path before `/v2/` names; null: the name has it, or it is the default. */
  readonly registry: string | null;
  /** Value of `?ns=`, to be echoed as `OCI-Namespace`; null: none. */
  readonly namespace: string | null;
}

export interface NamesOptions {
  readonly defaultRegistry: string;
  /** Whether this host is served. Canonical hosts. */
  readonly serves: (host: string) => boolean;
  /**
   * Whether a first component is meant as a host if it looks like one. False: only known hosts are, because a
   * repository's first component may look like a host too.
   */
  readonly anyHost: boolean;
  /** Hosts that are known by configuration, canonical. */
  readonly known: ReadonlySet<string>;
}

/** A repository and everything below it; null members: all registries, or the whole registry. */
export interface Prefix {
  readonly registry: string | null;
  readonly prefix: string | null;
  /** Whether the client gave the host within the name, or named neither host nor prefix. */
  readonly hostInName: boolean;
}

const maxHostLength = 255;
/** A name holds no colon: `host_5000` is `host:5000`. */
const writtenPort = /^(.+)_([0-9]{1,5})$/;

export class Names {
  readonly #options: NamesOptions;

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  /**
   * @param before path component before `/v2/`; null: none
   * @throws RegistryError if `?ns=` is no registry host
   */
  base(before: string | null, query: URLSearchParams): Base {
    const namespace = query.get('ns');
    if (namespace !== null) {
      const registry = namespace.length > maxHostLength ? null : canonicalRegistry(namespace);
      if (registry === null) throw badParameter('ns', 'a registry host, as in registry.example.com:5000');
      return { registry, namespace };
    }
    return { registry: before === null ? null : hostOf(before), namespace: null };
  }

  /** Whether a path component before `/v2/` names a registry. */
  isHost(component: string): boolean {
    const host = hostOf(component);
    return host !== null && this.#isHost(host, component);
  }

  /**
   * The canonical repository; null: its registry is not served here.
   *
   * @param components of the name, without percent encoding
   * @throws RegistryError NAME_INVALID
   */
  repository(base: Base, components: readonly string[]): RepositoryName | null {
    checkName(components);
    const { registry, name } = this.#split(base, components);
    if (!this.#options.serves(registry) || name.length === 0) return null;
    return canonicalRepository(registry, name.join('/'));
  }

  /** What a list of repositories is asked for; null: its registry is not served here. @throws as `repository` */
  prefix(base: Base, components: readonly string[]): Prefix | null {
    if (components.length > 0) checkName(components);
    if (components.length === 0 && base.registry === null)
      return { registry: null, prefix: null, hostInName: true };
    const { registry, name, hostInName } = this.#split(base, components);
    if (!this.#options.serves(registry)) return null;
    return { registry, prefix: name.length === 0 ? null : name.join('/'), hostInName };
  }

  /** Whether the registry is served here. */
  serves(registry: string): boolean {
    return this.#options.serves(registry);
  }

  #split(base: Base, components: readonly string[]) {
    if (base.registry !== null) return { registry: base.registry, name: components, hostInName: false };
    const [first = '', ...rest] = components;
    const host = hostOf(first);
    if (host !== null && this.#isHost(host, first)) return { registry: host, name: rest, hostInName: true };
    return { registry: this.#options.defaultRegistry, name: components, hostInName: false };
  }

  #isHost(host: string, written: string): boolean {
    const { known, anyHost } = this.#options;
    // `app_2024` is no host, though it may be written so: Docker's rule, without the port.
    return known.has(host) || (anyHost && /^localhost(?:_|$)|\./.test(written));
  }
}

/**
 * How a client writes a repository after the same base.
 *
 * @param hostInName whether the host belongs to the name
 */
export function writtenName({ registry, repository }: RepositoryName, hostInName: boolean): string {
  return hostInName ? `${registry.replace(/:([0-9]+)$/, '_$1')}/${repository}` : repository;
}

/** The host that a component writes; null: none. */
function hostOf(component: string): string | null {
  const [, name, port] = writtenPort.exec(component) ?? [];
  return canonicalRegistry(name === undefined ? component : `${name}:${port}`);
}

function checkName(components: readonly string[]): void {
  let length = components.length - 1;
  for (const component of components) {
    length += component.length;
    if (length > maxRepositoryLength) throw nameInvalid('too long');
    if (isPathSegment(component)) continue;
    const found = JSON.stringify(component.slice(0, 100));
    if (/^[^:]+:[0-9]{1,5}$/.test(component))
      throw nameInvalid(found, `written with "_" for ":" if it is a host with a port`);
    throw nameInvalid(found);
  }
}
