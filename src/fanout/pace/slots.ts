/**
 * Slots: when each subscriber of one change is due. Each gateway computes them alone from the counts of all
 * gateways: no message is exchanged per change, and the sum over the gateways is still an even stream.
 */

/** How many paced subscribers each gateway has for something; this gateway's are `counts[node]`. */
export interface GatewayCounts {
  readonly node: number;
  readonly counts: readonly number[];
}

/**
 * Well-mixed uint32 of a change's sequence and a subscriber's uint32 number: MurmurHash3's finaliser. A hash, so
 * that the order is repeatable; of the change too, so that no subscriber is always last.
 */
export function slotHash(sequence: number, subscriber: number): number {
  return mix(seedOf(sequence) ^ Math.imul(subscriber, 0x9e3779b1));
}

function seedOf(sequence: number): number {
  return mix((sequence >>> 0) ^ Math.imul(Math.floor(sequence / 2 ** 32) + 1, 0x85ebca6b));
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Subscribers that one shuffle can order: their index must fit beside a uint32 in a double's 53 bits. */
export const maxShuffled = 2 ** 21;

/**
 * The order in which a gateway serves its own subscribers: indices into `subscribers`, by slotHash, equal hashes by
 * index. One native sort of packed numbers: sorting objects with a comparator takes ten times as long, and the
 * shuffle holds up the event loop. @throws RangeError for more than `maxShuffled`
 */
export function shuffle(sequence: number, subscribers: ArrayLike<number>): Uint32Array {
  const count = subscribers.length;
  if (count > maxShuffled) {
    throw new RangeError(`shuffle subscribers: ${count} given: must be at most ${maxShuffled}`);
  }
  const seed = seedOf(sequence);
  const packed = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    packed[index] = mix(seed ^ Math.imul(subscribers[index] ?? 0, 0x9e3779b1)) * maxShuffled + index;
  }
  packed.sort();
  const order = new Uint32Array(count);
  for (let index = 0; index < count; index++) order[index] = (packed[index] ?? 0) % maxShuffled;
  return order;
}

/**
 * The rank of this gateway's j-th subscriber (in shuffled order) among those of all gateways. Subscriber j of node
 * i stands at virtual time x = (j + φᵢ)/nᵢ with φᵢ = (i + ½)/M; its rank is how many of all stand before it. Over
 * all nodes the ranks are nearly a permutation, and they never fall as j grows.
 *
 * @param j from 0, below `counts[node]`
 * @param node this gateway's place in `counts`
 * @param counts matching paced subscribers of every gateway; zeros are fine. All gateways must use one order
 */
export function globalRank(j: number, node: number, counts: readonly number[]): number {
  const nodes = counts.length;
  const own = counts[node] ?? 0;
  if (nodes <= 1 || own === 0) return j;
  const x = (j + (node + 0.5) / nodes) / own;
  let rank = j;
  for (let other = 0; other < nodes; other++) {
    if (other === node) continue;
    const count = counts[other] ?? 0;
    const before = Math.ceil(x * count - (other + 0.5) / nodes);
    rank += Math.min(Math.max(before, 0), count);
  }
  return rank;
}
