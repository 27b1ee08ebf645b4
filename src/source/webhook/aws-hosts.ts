/** Where AWS serves a region: each partition has a DNS suffix of its own (AWS SDKs, `partitions.json`). Pure. */

/** By the beginning of the regions' names; all others are at `amazonaws.com`. */
const suffixes: readonly (readonly [prefix: string, suffix: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
];

const regionGrammar = /^[a-z]{2,4}(?:-[a-z]{1,16}){1,3}-[0-9]{1,2}$/;

/** The suffix of a region's hosts; null if it is no region's name. */
function awsSuffix(region: string): string | null {
  if (!regionGrammar.test(region)) return null;
  return suffixes.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com';
}

/**
 * ECR's host for an account and a region; null if either part is not what AWS would send. Events do not say whether
 * clients use the FIPS or the dual-stack name.
 */
export function ecrHost(account: string | undefined, region: string | undefined): string | null {
  const suffix = awsSuffix(region ?? '');
  if (suffix === null || !/^[0-9]{12}$/.test(account ?? '')) return null;
  return `${account}.dkr.ecr.${region}.${suffix}`;
}

/** Whether a URL is at SNS itself, in the partition of its region. */
export function isSnsHost(host: string): boolean {
  const [, region = '', suffix] = /^sns\.([a-z0-9-]+)\.([a-z0-9.-]+)$/.exec(host) ?? [];
  return suffix !== undefined && suffix === awsSuffix(region);
}
