// @ts-check
/** @file A helper thread: it waits until it is asked to share in a kernel's bands. */
import { parentPort } from 'node:worker_threads';
import { join } from './bands.mjs';

parentPort?.on('message', join);
