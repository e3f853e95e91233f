// Reads the files of a mapping: on disk, in force, or as a person typed them.
// Invariant: reads only; another client's are answered as if they did not exist.
import { isRelaisError, RelaisError } from '../../errors.ts';
import { unknownDestination } from '../../errors/unknown.ts';
import type { MappingSources } from '../../mapping/contract.ts';
import { topText } from '../../mapping/document/files.ts';
import { loadDestination, loadMappings, withTypedText } from '../../mapping/load.ts';
import { findDestination } from '../../store/destinations/destinations.ts';
import {
  fingerprintOf,
  readVersions,
  type MappingVersion,
} from '../../store/destinations/mapping-versions.ts';
import { isWithin, type Scope, type SupportPlace } from '../place.ts';
import type { SendContext } from '../../../connectors/contract.ts';
import type { CheckOptions } from '../../mapping/check.ts';
import type { Publishing } from '../../publishing/publish.ts';

/** The file compared with the version in force. `none`: there is no file on this machine. */
export type DraftState = 'same' | 'differs' | 'new' | 'none' | 'unreadable';

export const sourcesOf = ({ sources }: Pick<MappingVersion, 'sources'>): MappingSources =>
  JSON.parse(sources) as MappingSources;

/** Undefined: no file of that destination is on this machine. @throws MAPPING-001 where one cannot be read */
function onDisk({ config }: MappingPlace, destination: string): MappingSources | undefined {
  try {
    return loadDestination(config.mappingsDir, destination);
  } catch (error) {
    if (isRelaisError(error) && error.code === 'FIND-001') return undefined;
    throw error;
  }
}

/** Every mapping of the folder; none where this machine has no such folder. */
export function allOnDisk({ config }: MappingPlace): readonly MappingSources[] {
  try {
    return loadMappings(config.mappingsDir).destinations;
  } catch (error) {
    if (isRelaisError(error) && error.code === 'FIND-001') return [];
    throw error;
  }
}

export async function versionInForce(
  { database }: Pick<MappingPlace, 'database'>,
  destination: string,
): Promise<MappingVersion | undefined> {
  const found = await findDestination(database, destination);
  if (found === undefined || found.mappingVersionId === 0) return undefined;
  return (await readVersions(database, [found.mappingVersionId]))[0];
}

export interface Draft {
  readonly state: DraftState;
  /** Files on disk; undefined where there are none, or they cannot be read. */
  readonly sources: MappingSources | undefined;
  readonly inForce: MappingVersion | undefined;
}

/** The files on disk beside the version in force. @throws FIND-001 where neither exists, or it is another client's */
export async function draftOf(place: MappingPlace, scope: Scope, destination: string): Promise<Draft> {
  const inForce = await versionInForce(place, destination);
  let sources: MappingSources | undefined;
  let isUnreadable = false;
  try {
    sources = onDisk(place, destination);
  } catch (error) {
    if (!isRelaisError(error) || error.code !== 'MAPPING-001') throw error;
    isUnreadable = true;
  }
  const clientId = inForce?.clientId ?? sources?.clientId;
  // The client of an unreadable file is unknown: only the centre sees the file.
  const isTheirs =
    clientId === undefined ? isUnreadable && scope.clientId === undefined : isWithin(scope, clientId);
  if (!isTheirs) throw unknownDestination(destination);
  return { state: isUnreadable ? 'unreadable' : draftState(sources, inForce), sources, inForce };
}

export function draftState(
  sources: MappingSources | undefined,
  inForce: Pick<MappingVersion, 'fingerprint'> | undefined,
): DraftState {
  if (sources === undefined) return 'none';
  if (inForce === undefined) return 'new';
  return fingerprintOf(JSON.stringify(sources)) === inForce.fingerprint ? 'same' : 'differs';
}

/**
 * The files of a destination with another text of its mapping; client.yaml, presets and maps from the disk, or from
 * the version in force where the disk has none.
 * @param text undefined: the text on disk. @throws FIND-001, MAPPING-001 where its files cannot be read
 */
export async function sourcesToPublish(
  place: MappingPlace,
  scope: Scope,
  destination: string,
  text: string | undefined,
): Promise<MappingSources> {
  const inForce = await versionInForce(place, destination);
  const disk = onDisk(place, destination);
  const base = disk ?? (inForce === undefined ? undefined : sourcesOf(inForce));
  if (base === undefined || !isWithin(scope, base.clientId)) throw unknownDestination(destination);
  if (text === undefined) {
    if (disk === undefined)
      throw new RelaisError('FIND-001', [
        `Aucun fichier de ${destination} n’est sur cette machine.`,
        `No file of ${destination} is here.`,
      ]);
    return disk;
  }
  const { clientId, main } = base;
  const typed =
    disk === undefined
      ? { ...base, files: { ...base.files, [main]: text } }
      : withTypedText(place.config.mappingsDir, { clientId, main, text });
  // The text cannot change the destination it is published for: another name in it is a mistake.
  return { ...typed, destinationId: destination };
}

export interface TypedTrial {
  /** Empty for a client that does not exist yet; then client.yaml names it. */
  readonly destination: string;
  readonly text: string;
  readonly clientText: string;
}

/** The files of a trial: none of them has to exist. @throws FIND-001, USAGE-001 */
export async function sourcesToTry(
  place: MappingPlace,
  scope: Scope,
  { destination, text, clientText }: TypedTrial,
): Promise<MappingSources> {
  const given = clientText.trim() === '' ? undefined : clientText;
  if (destination !== '') {
    const sources = await sourcesToPublish(place, scope, destination, text);
    if (given === undefined) return sources;
    return { ...sources, files: { ...sources.files, [`${sources.clientId}/client.yaml`]: given } };
  }
  const clientId = given === undefined ? undefined : topText(given, 'id');
  if (clientId === undefined || !isWithin(scope, clientId))
    throw new RelaisError('USAGE-001', [
      'Un nouveau client a besoin de son client.yaml, avec son id.',
      'A new client needs its client.yaml, with its id.',
    ]);
  return withTypedText(place.config.mappingsDir, {
    clientId,
    text,
    main: `${clientId}/crm.yaml`,
    clientText: given,
  });
}

// Dependencies of the work on mappings.

export interface MappingPlace extends SupportPlace {
  readonly publishing: Publishing;
  readonly checkOptions: CheckOptions;
  readonly config: Pick<SendContext, 'secrets'> & {
    /** The folder of the mapping files on this machine. */
    readonly mappingsDir: string;
  };
}

export type { MappingSources } from '../../mapping/contract.ts';
