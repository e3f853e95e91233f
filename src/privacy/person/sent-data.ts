// Lists the data of a transmission by the French names of a lead's data; a recipient's field names mean nothing to the person.
// Invariant: each field that carried the person's data is listed, under the recipient's name where no mapping version explains it.
import { namesIn } from '../../domain/logged-fields.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { sourceLabel } from '../../mapping/spec/french-sources.ts';
import type { LeadEntry } from '../../store/lead-log.ts';

/** A version as this program compiles it; undefined where it cannot. */
export type VersionOf = (id: number) => Promise<Pick<CompiledMapping, 'reads'> | undefined>;

const optIns = 'Vos consentements';
/** Codes and constants of the gateway, not a person's data. */
const isOurs = (source: string): boolean =>
  source.startsWith('(') || /^(client|delivery|calls)\./.test(source);

export async function dataSent(
  {
    fields,
    action,
    callName,
    mappingVersionId,
  }: Pick<LeadEntry, 'fields' | 'action' | 'callName' | 'mappingVersionId'>,
  versionOf: VersionOf,
): Promise<readonly string[]> {
  if (fields === '') return [];
  const version = await versionOf(mappingVersionId);
  if (version === undefined || action === '') return fields.split(' ');
  const reads = version.reads(action, callName === '' ? undefined : callName);
  const words = namesIn(fields, [...reads.keys()]).flatMap((name) => {
    const sources = reads.get(name) ?? [];
    // A line without a source of its own carries an opt-in.
    if (sources.length === 0) return [optIns];
    return sources
      .flatMap((source) => source.split(', '))
      .filter((source) => !isOurs(source))
      .map((source) => sourceLabel(source));
  });
  return [...new Set(words)];
}
