import { expect, it } from 'vitest';
import { ecrHost, isSnsHost } from '../../../../src/source/webhook/aws-hosts.ts';

const regions = [
  ['eu-west-1', 'amazonaws.com'],
  ['us-gov-west-1', 'amazonaws.com'],
  ['ap-southeast-2', 'amazonaws.com'],
  ['cn-northwest-1', 'amazonaws.com.cn'],
  ['eusc-de-east-1', 'amazonaws.eu'],
  ['us-iso-east-1', 'c2s.ic.gov'],
  ['us-isob-east-1', 'sc2s.sgov.gov'],
  ['us-isof-south-1', 'csp.hci.ic.gov'],
  ['eu-isoe-west-1', 'cloud.adc-e.uk'],
] as const;

it.each(regions)('the region %s is at %s', (region, suffix) => {
  expect(ecrHost('111122223333', region)).toBe(`111122223333.dkr.ecr.${region}.${suffix}`);
  expect(isSnsHost(`sns.${region}.${suffix}`)).toBe(true);
});

it.each([
  [undefined, 'eu-west-1'],
  ['1111', 'eu-west-1'],
  ['111122223333', undefined],
  ['111122223333', 'evil.example/eu-west-1'],
  ['111122223333', 'eu-west-1.evil.example'],
  ['111122223333', 'x'],
])('an account %s in a region %s has no host', (account, region) => {
  expect(ecrHost(account, region)).toBeNull();
});

it.each([
  'sns.eu-west-1.amazonaws.com.evil.test',
  'sns.eu-west-1.c2s.ic.gov',
  'sns.us-iso-east-1.amazonaws.com',
  'sns.evil.amazonaws.com',
  's3.eu-west-1.amazonaws.com',
  'sns.eu-west-1.amazonaws.com:8443',
  '127.0.0.1',
  '',
])('%j is no host of SNS', (host) => {
  expect(isSnsHost(host)).toBe(false);
});
