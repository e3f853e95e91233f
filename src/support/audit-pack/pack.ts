// Builds the audit pack: an auditor's evidence on one client and one period, in one signed ZIP (C46).
// Invariant: in the log, with actor and reason, before the first byte; it contains nothing of a prospect; an interrupted one is no archive.
import type { Readable } from 'node:stream';
import { addDays, civilDate } from '../../domain/civil-date.ts';
import { RelaisError } from '../../errors.ts';
import { unknownClient } from '../../errors/unknown.ts';
import { proofKeyOf } from '../../privacy/proofs/proof.ts';
import { findClient } from '../../store/destinations.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { installationId } from '../../store/proofs.ts';
import { startVerification, verificationAsked } from '../acts/verify-log.ts';
import { typedReason } from '../typed-text.ts';
import { packFiles } from './contents.ts';
import { archivesNeeded } from './journal.ts';
import type { PackAsked, PackFile, PackPlace } from './place.ts';
import { readMe } from './read-me.ts';
import { signedZip } from './signed-zip.ts';

export type { PackAsked, PackPlace } from './place.ts';

export interface AuditPack {
  /** The same for the same client and period: `relais-audit-horizon-2026-01-01-2026-06-30.zip`. */
  readonly name: string;
  readonly bytes: Readable;
}

/**
 * The whole log is verified beside it, and the verification is kept like every other.
 * @throws FIND-001, USAGE-001, USAGE-002, LOG-002, LOG-003, LOG-004
 */
export async function auditPack(place: PackPlace, asked: PackAsked): Promise<AuditPack> {
  const { database, keys, proofs } = place;
  const reason = typedReason(asked.reason);
  const client = await findClient(database, asked.clientId);
  if (client === undefined) throw unknownClient(asked.clientId);
  if (asked.from >= asked.until)
    throw new RelaisError('USAGE-001', [
      'La période finit avant de commencer.',
      'The period ends before it begins.',
    ]);
  await archivesNeeded({ database, sealKeys: keys.seal, archives: place.archives }, asked);
  const { actor, anchor } = asked;
  const verifying = await startVerification(place, { actor, ...(anchor === undefined ? {} : { anchor }) });
  if (verifying === undefined)
    throw new RelaisError('LOG-004', [
      'Le journal est en cours de vérification, et le dossier d’audit le vérifie aussi.',
      'The log is being verified: an audit pack verifies it too.',
    ]);
  await noted(place, asked, reason);
  const madeAt = database.now();
  const key = proofKeyOf(keys.seal.current());
  const period = { from: civilDate(asked.from), until: lastDay(asked) };
  const files = await packFiles(place, asked, async () => {
    await verifying.ended;
    return verificationAsked(place, verifying.id);
  });
  const head = {
    installation: (await installationId(database)) ?? 'none',
    client: { id: client.id, name: client.name, legalEntity: client.legalEntity },
    contact: proofs.contact,
    period,
    madeAt: madeAt.toISOString(),
    madeBy: actor,
    key: key.id,
  };
  const first: PackFile = {
    name: 'LISEZ-MOI.txt',
    about: 'ce texte',
    content: async function* () {
      yield await Promise.resolve(readMe(files, { client, period, madeAt, key: key.id }));
    },
  };
  return {
    name: packName(asked),
    bytes: signedZip([first, ...files], { head, madeAt, key }),
  };
}

export const packName = (asked: Pick<PackAsked, 'clientId' | 'from' | 'until'>): string =>
  `relais-audit-${asked.clientId}-${civilDate(asked.from)}-${lastDay(asked)}.zip`;

const lastDay = ({ until }: Pick<PackAsked, 'until'>): string => addDays(civilDate(until), -1);

const noted = ({ database }: PackPlace, asked: PackAsked, reason: string): Promise<void> =>
  database.transaction((tx) =>
    appendHandovers(tx, [
      {
        entry: 'exported',
        clientId: asked.clientId,
        actor: asked.actor,
        purpose: reason,
        reason: 'audit_pack',
        target: `from ${civilDate(asked.from)} to ${lastDay(asked)}`,
      },
    ]),
  );
