// The registry of simulated CRMs: one line for each preset that has one.
import { brevo } from './brevo.ts';
import { dolibarr } from './dolibarr.ts';
import { espocrm } from './espocrm.ts';
import { hubspot } from './hubspot.ts';
import type { Simulator } from './simulator.ts';

export const simulators: readonly Simulator[] = [brevo, dolibarr, espocrm, hubspot];

export const simulatorOf = (preset: string): Simulator | undefined =>
  simulators.find((simulator) => simulator.preset === preset);
