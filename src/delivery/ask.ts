// Asking the recipient before sending: after an unknown outcome, while a decision is pending, or for its reference.
// Invariant: a question carries references only; nothing is sent again before the answer says it is not there.
import type { Connector, Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { foreignCode } from '../errors.ts';
import type { CompiledMapping } from '../mapping/contract.ts';
import type { Database } from '../store/database.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readLeads } from '../store/leads.ts';
import type { ClaimedDelivery } from './claim.ts';
import { itemOf } from './parcel.ts';
import { entryNames } from './plan.ts';
import type { Settled, Settling } from './settle.ts';

/** An update or erase whose URL names the recipient's reference, while none is known. */
export function needsReference(row: ClaimedDelivery, settings: unknown): boolean {
  return (
    row.action !== 'create' &&
    row.knownReference === undefined &&
    JSON.stringify(settings ?? {}).includes('{reference}')
  );
}

export interface AskOptions {
  readonly connector: Connector;
  readonly mapping: CompiledMapping;
  readonly settings: unknown;
  readonly context: SendContext;
  readonly database: Database;
  readonly settle: (settling: Settling) => Promise<Settled>;
  readonly versionId: number;
}

/** The row to send now (with what the answer taught), or undefined when the answer settled it. */
export async function ask(row: ClaimedDelivery, options: AskOptions): Promise<ClaimedDelivery | undefined> {
  const { connector, mapping } = options;
  const startedAt = Date.now();
  const lead = (await readLeads(options.database, [row.leadId])).get(row.leadId)?.lead;
  let outcome: Outcome;
  try {
    outcome = (await connector.lookup?.(
      questionOf(row, lead?.reference ?? '', mapping),
      options.settings,
      options.context,
    )) ?? {
      kind: 'unavailable',
      reason: 'NO_LOOKUP',
      maybeReceived: false,
    };
  } catch (error) {
    outcome = { kind: 'unavailable', reason: foreignCode(error), maybeReceived: row.maybeReceived };
  }
  const known = outcome.kind === 'accepted' || outcome.kind === 'duplicate';
  const note = (): Promise<void> =>
    options.database.transaction((tx) =>
      appendHandovers(tx, [
        {
          entry: 'lookup',
          ...entryNames(row),
          actor: 'worker',
          connector: connector.type,
          outcome: outcome.kind,
          mappingVersionId: options.versionId,
        },
      ]),
    );
  if (outcome.kind === 'absent') {
    await note();
    if (row.action === 'create') return { ...row, maybeReceived: false, askFirst: false };
    const [state, reason] =
      row.action === 'erase'
        ? (['cancelled', 'not_needed'] as const)
        : (['failed', 'reference_missing'] as const);
    await options.settle({ stopped: [{ row, state, reason, fields: [] }] });
    return undefined;
  }
  if (known && row.action !== 'create') {
    await note();
    const reference = 'reference' in outcome ? outcome.reference : undefined;
    if (reference !== undefined) return { ...row, knownReference: reference, askFirst: false };
    const reason = row.action === 'erase' ? 'manual_erasure_required' : 'reference_missing';
    await options.settle({ stopped: [{ row, state: 'failed', reason, fields: [] }] });
    return undefined;
  }
  await options.settle({
    attempted: {
      rows: [row],
      outcome,
      policy: mapping.retry,
      hasLookup: true,
      fireAndForget: connector.fireAndForget,
      startedAt,
      asked: true,
      connector: connector.type,
      mappingVersionId: options.versionId,
    },
  });
  return undefined;
}

function questionOf(row: ClaimedDelivery, leadReference: string, mapping: CompiledMapping): Parcel {
  return {
    client: mapping.clientId,
    clientName: mapping.clientName,
    destination: mapping.destinationId,
    action: row.action,
    items: [itemOf(row, leadReference)],
    body: { bytes: new Uint8Array(), mediaType: 'application/octet-stream', extension: 'bin' },
    writtenAt: row.firstDepartedAt ?? new Date(),
  };
}
