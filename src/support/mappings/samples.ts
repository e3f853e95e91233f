// Invented leads to try a mapping on: the client's samples, else the built-in one with every field.
// Invariant: no real person's data.
import { basename } from 'node:path';
import type { Lead } from '../../domain/lead.ts';
import type { MappingSources } from '../../mapping/contract.ts';
import { sampleLead, leadFromSample } from '../../mapping/tools/sample.ts';

export interface SampleText {
  /** Its file; `built-in` for the built-in one. */
  readonly name: string;
  readonly text: string;
}

export const builtIn: SampleText = { name: 'built-in', text: sampleLead };

/** `horizon/samples/durand.yaml` is called `durand`. */
export const sampleName = ({ name }: SampleText): string => basename(name).replace(/\.ya?ml$/, '');

/** The client's own samples by their files; empty where it has none. */
export const ownSamples = ({ files }: Pick<MappingSources, 'files'>): readonly SampleText[] =>
  Object.entries(files).flatMap(([name, text]) =>
    /\/samples\/.*\.ya?ml$/.test(name) ? [{ name, text }] : [],
  );

/** Every sample of the client that can be read; the built-in invented lead when there is none. */
export function samplesOf(sources: MappingSources): readonly Lead[] {
  const own = ownSamples(sources);
  return (own.length === 0 ? [builtIn] : own).flatMap(({ name, text }) => {
    const sample = leadFromSample(text, name, sources.clientId);
    return sample.ok ? [sample.lead] : [];
  });
}
