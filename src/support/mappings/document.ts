// Writes the document a client signs, for a version or a file.
// Invariant: invented persons only.
import { RelaisError } from '../../errors.ts';
import { wholeMapping } from '../../mapping/check.ts';
import type { CompiledMapping, MappingSources } from '../../mapping/contract.ts';
import { toHtml, type Block } from '../../mapping/spec/blocks.ts';
import { specOf } from '../../mapping/spec/spec.ts';
import { fingerprintOf, type MappingVersion } from '../../store/destinations/mapping-versions.ts';
import { samplesOf } from './trial.ts';

interface DocumentOf {
  readonly mapping: CompiledMapping;
  readonly sources: MappingSources;
  /** Absent for a file. */
  readonly version?: Pick<MappingVersion, 'version' | 'author' | 'publishedAt'>;
}

/** The centre as the other party, and its contact for the client; an absent value is left to fill in. */
export interface DocumentParties {
  readonly centre: string;
  readonly rights?: string | undefined;
  readonly technical?: string | undefined;
}

/** @param today the date of a file's document. @throws MAPPING-001 where no sample can be read */
export function clientDocument(
  { mapping, sources, version }: DocumentOf,
  { centre, rights, technical }: DocumentParties,
  today: Date,
): { readonly title: string; readonly blocks: readonly Block[] } {
  const samples = samplesOf(sources);
  const sample = samples.find((lead) => mapping.accepts(lead).yes) ?? samples[0];
  if (sample === undefined)
    throw new RelaisError('MAPPING-001', [
      'Aucun lead d’exemple du client ne peut être lu.',
      'No sample of the client can be read.',
    ]);
  return specOf({
    mapping,
    sample,
    centre,
    whole: wholeMapping(sources),
    contacts: { rights, technical },
    version: version === undefined ? 'projet, non publié' : `version ${version.version}`,
    date: (version?.publishedAt ?? today).toLocaleDateString('fr-FR', {
      timeZone: 'Europe/Paris',
      dateStyle: 'long',
    }),
    fingerprint: fingerprintOf(JSON.stringify(sources)).slice(0, 16),
    author: version?.author || undefined,
  });
}

export type DocumentBlock = Block;

/** A page by itself, for paper. */
export const documentFile = ({
  title,
  blocks,
}: {
  readonly title: string;
  readonly blocks: readonly Block[];
}): string => toHtml(title, blocks);
