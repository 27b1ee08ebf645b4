import type { RegistryKind } from '../options.ts';
import { listAcr } from './acr.ts';
import { listDockerHub } from './docker-hub.ts';
import { listGar } from './gar.ts';
import { listGeneric } from './generic.ts';
import { listHarbor } from './harbor.ts';
import type { Lister } from './lister.ts';
import { listQuay } from './quay.ts';

export interface KindLister {
  readonly list: Lister;
  /** Whether `since` shortens a listing, so that a full sweep is needed now and then. */
  readonly incremental: boolean;
  /** Whether rows carry digests, so that only what moved needs a HEAD. */
  readonly digests: boolean;
}

export const genericLister: KindLister = { list: listGeneric, incremental: false, digests: false };

const listers: Readonly<Record<RegistryKind, KindLister>> = {
  generic: genericLister,
  gar: { list: listGar, incremental: false, digests: true },
  'docker-hub': { list: listDockerHub, incremental: true, digests: true },
  quay: { list: listQuay, incremental: true, digests: true },
  harbor: { list: listHarbor, incremental: true, digests: true },
  acr: { list: listAcr, incremental: true, digests: true },
};

export function listerOf(kind: RegistryKind): KindLister {
  return listers[kind];
}
