// Station 5b for all rows of a trip: each is written by itself, and those that nobody is authorised to receive any more, or whose
// lead is under a restriction, are looked at again where they carry a right of the prospect.
// Invariant: a bug of ours in the writing of one lead fails that lead, and never holds up the file it stands in.
import { foreignCode } from '../../errors.ts';
import { reasonWith } from '../../domain/delivery.ts';
import type { Log } from '../../log.ts';
import type { Told } from '../../mapping/consent-contract.ts';
import type { Database } from '../../store/database.ts';
import type { ClaimedDelivery } from './claim.ts';
import { writeContent, type ContentInputs, type Ready, type Stopped } from './render.ts';
import { readFormers } from './former-authorisation.ts';
import { readHeld } from './under-restriction.ts';
import type { Published } from '../mapping-cache.ts';
import type { Inputs } from './load-inputs.ts';
import type { Trip } from './trip.ts';

type RenderNeeds = {
  readonly database: Database;
  readonly published: Published;
  readonly log: Log;
};

export async function renderAll(
  needs: RenderNeeds,
  rows: readonly ClaimedDelivery[],
  inputs: Inputs & {
    /** By delivery. */
    readonly told: ReadonlyMap<number, Told>;
  },
  { mapping, content, progress, inForceId }: Pick<Trip, 'mapping' | 'content' | 'progress' | 'inForceId'>,
): Promise<readonly (Ready | Stopped)[]> {
  const now = needs.database.now();
  const inputsOf = (row: ClaimedDelivery): ContentInputs => ({
    ...inputs,
    mapping,
    content,
    progress,
    now,
    told: inputs.told.get(row.id),
    authorisations: inputs.authorisations.get(row.destinationId) ?? [],
  });
  const write = (row: ClaimedDelivery, own: ContentInputs): Ready | Stopped => {
    const result = renderOne(needs.log, row, own);
    return 'state' in result ? { ...result, inForceId } : result;
  };
  const rendered = rows.map((row) => write(row, inputsOf(row)));
  const barred = rendered.filter(isBarred).map((result) => result.row);
  if (barred.length === 0) return rendered;
  const formers = await readFormers(needs, barred, inputs.authorisations);
  const held = await readHeld(
    needs.database,
    barred.filter((row) => row.action === 'update'),
  );
  return rendered.map((result) =>
    isBarred(result)
      ? write(result.row, {
          ...inputsOf(result.row),
          former: formers.get(result.row.id),
          held: held.get(result.row.id),
        })
      : result,
  );
}

function renderOne(log: Log, row: ClaimedDelivery, inputs: ContentInputs): Ready | Stopped {
  try {
    return writeContent(row, inputs);
  } catch (error) {
    log.error('delivery.broken', {
      destination: row.destinationId,
      delivery: row.id,
      code: foreignCode(error),
    });
    return { row, state: 'failed', reason: reasonWith('invalid', 'BROKEN'), fields: [] };
  }
}

const barring: ReadonlySet<string> = new Set(['recipient_not_authorised', 'restricted']);

const isBarred = (result: Ready | Stopped): result is Stopped =>
  'state' in result && barring.has(result.reason) && result.row.action !== 'create';
