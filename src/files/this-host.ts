/**
 * @file Where this process runs, as far as its id means something: a process id is a name within one PID namespace of one boot
 * of one host. Containers that share a host name, or run one after the other, have places of their own.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The host's name without blanks. */
export const HOST = hostname().replaceAll(/\s/g, '_') || 'localhost';

/** The boot and the PID namespace: `1f0c2a9b-4026531836`; empty if the system does not tell. */
export const PLACE = placeOf();

function placeOf(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
    const [namespace = ''] = /\d+/.exec(readlinkSync('/proc/self/ns/pid')) ?? [];
    return /^[0-9a-f]{8}$/.test(boot) && namespace !== '' ? `${boot}-${namespace}` : '';
  } catch {
    return '';
  }
}
