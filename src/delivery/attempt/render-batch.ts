// Station 5b for all rows of a trip: each is written by itself, and those that nobody is authorised to receive any more are
// looked at again where they carry a right of the prospect.
// Invariant: a bug of ours in the writing of one lead fails that lead, and never holds up the file it stands in.
import { foreignCode } from '../../errors.ts';
import { reasonWith } from '../../domain/delivery.ts';
import type { Log } from '../../log.ts';
import type { Database } from '../../store/database.ts';
import type { ClaimedDelivery } from './claim.ts';
import { writeContent, type ContentInputs, type Ready, type Stopped } from './render.ts';
import { readFormers } from './former-authorisation.ts';
import type { Published } from '../mapping-cache.ts';
import type { Inputs } from './load-inputs.ts';

type Writing = Pick<ContentInputs, 'mapping' | 'content' | 'progress'>;

export function createWriter({
  database,
  published,
  log,
}: {
  readonly database: Database;
  readonly published: Published;
  readonly log: Log;
}): (
  rows: readonly ClaimedDelivery[],
  inputs: Inputs,
  writing: Writing,
) => Promise<readonly (Ready | Stopped)[]> {
  const write = (row: ClaimedDelivery, inputs: ContentInputs): Ready | Stopped => {
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
  };

  return async (rows, inputs, { mapping, content, progress }) => {
    const now = database.now();
    const inputsOf = (row: ClaimedDelivery): ContentInputs => ({
      ...inputs,
      ...{ mapping, content, progress, now },
      authorisations: inputs.authorisations.get(row.destinationId) ?? [],
    });
    const written = rows.map((row) => write(row, inputsOf(row)));
    const barred = written.filter(isBarred).map((one) => one.row);
    if (barred.length === 0) return written;
    const formers = await readFormers({ database, published }, barred, inputs.authorisations);
    return written.map((one) =>
      isBarred(one) ? write(one.row, { ...inputsOf(one.row), former: formers.get(one.row.id) }) : one,
    );
  };
}

const isBarred = (one: Ready | Stopped): one is Stopped =>
  'state' in one && one.reason === 'recipient_not_authorised' && one.row.action !== 'create';
