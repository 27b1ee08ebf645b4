/** Uniform numbers in [0, 1). Injected, so that tests can repeat the jitter. */
export type Random = () => number;

export const systemRandom: Random = Math.random;
