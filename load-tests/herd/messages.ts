/** The messages between the herd script and its children. Times are `hrMs()` of the bench. */

/** From the registry, once. */
export interface RegistryListening {
  readonly kind: 'listening';
  readonly port: number;
}

/** To the registry: send the recorded arrivals, and begin again. */
export interface Collect {
  readonly kind: 'collect';
}

export interface Collected {
  readonly kind: 'collected';
  /** Arrival of each HEAD. */
  readonly at: Float64Array;
}

/** To the clients: subscribe, connect to the registry, and HEAD it after every change. */
export interface Gather {
  readonly kind: 'gather';
  readonly clients: number;
  readonly gatewayPort: number;
  readonly registryPort: number;
  /** The HTTP request that subscribes. */
  readonly request: string;
  readonly readyMarker: string;
  /** Longest random wait between a change and the HEAD, ms; 0 for none. */
  readonly jitterMs: number;
}

export interface Gathered {
  readonly kind: 'gathered';
}

/** From the clients: all of them have sent their HEAD. */
export interface Asked {
  readonly kind: 'asked';
}

export interface ClientsFailed {
  readonly kind: 'failed';
  readonly message: string;
}

export type FromRegistry = RegistryListening | Collected;
export type FromClients = Gathered | Asked | ClientsFailed;
